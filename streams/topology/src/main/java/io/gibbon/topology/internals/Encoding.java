package io.gibbon.topology.internals;

import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.topology.DocumentId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One document in the encoder, and how much of it is written. Used by one stream thread. */
final class Encoding {

  final DocumentId document;
  final PendingDocument pending;
  final EncodeJob job;
  final Manifest manifest;
  final List<String> texts = new ArrayList<>();
  final long startedNanos = System.nanoTime();

  private @Nullable EncodedContext context;

  /** How many pages of the context are written. */
  int nextPage;

  Encoding(DocumentId document, PendingDocument pending, EncodeJob job, Manifest manifest) {
    this.document = document;
    this.pending = pending;
    this.job = job;
    this.manifest = manifest;
  }

  /**
   * The context whose pages are to be written, the next finished one if there was none, or null.
   */
  @Nullable EncodedContext context() {
    if (context == null) {
      context = job.poll();
      nextPage = 0;
    }
    return context;
  }

  /** Whether everything there is has been written. */
  boolean isDone() {
    return context == null && job.isDone();
  }

  /** Gives up at once; what was written stays. */
  void cancel() {
    job.cancel();
    closeContext();
  }

  /** Frees the context that is being written. */
  void closeContext() {
    if (context != null) {
      context.states().close();
      context = null;
    }
  }
}
