package io.gibbon.topology.internals;

import io.gibbon.topology.DocumentId;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Deletes pages of replaced encodings a while after they were replaced, so that whoever has just
 * read the old manifest can still read its pages. The lists are in the manifests; this only
 * remembers whose. Used by one stream thread.
 */
final class ObsoletePages {

  private static final long GRACE_MILLIS = 1000;

  private record Due(DocumentId document, long replaced) {}

  private final Deque<Due> due = new ArrayDeque<>();
  private final EncodingWriter writer;
  private long now;

  ObsoletePages(EncodingWriter writer) {
    this.writer = writer;
  }

  /** Remembers a document whose manifest lists obsolete encodings. */
  void add(DocumentId document) {
    due.add(new Due(document, now));
  }

  /** Whether nothing waits to be deleted. */
  boolean isEmpty() {
    return due.isEmpty();
  }

  /** Deletes what one document lists, if that is due at a wall-clock time. */
  void step(long now) {
    this.now = now;
    if (!due.isEmpty() && now - due.peek().replaced() >= GRACE_MILLIS) {
      writer.deleteObsolete(due.remove().document());
    }
  }
}
