package io.gibbon.topology.internals;

import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.topology.DocumentId;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * One pass over the documents after every start, in slices: what has lost its pages, belongs to
 * another profile or was left half done is encoded again, and left-over lists are taken up. Used by
 * one stream thread.
 */
final class Repair {

  private static final int SLICE = 256;
  private static final double ROOM = 0.5;

  private final Stores stores;
  private final Lifecycle lifecycle;
  private final EncodeQueue queue;
  private final EncodingWriter writer;
  private final ObsoletePages obsolete;
  private final DeletionMarkers markers;
  private final String profile;
  private @Nullable Bytes next = Bytes.wrap(new byte[0]);

  Repair(
      Stores stores,
      Lifecycle lifecycle,
      EncodeQueue queue,
      EncodingWriter writer,
      ObsoletePages obsolete,
      DeletionMarkers markers,
      String profile) {
    this.stores = stores;
    this.lifecycle = lifecycle;
    this.queue = queue;
    this.writer = writer;
    this.obsolete = obsolete;
    this.markers = markers;
    this.profile = profile;
  }

  /** Whether the pass is over. */
  boolean isDone() {
    return next == null;
  }

  /** Goes on with the next slice, while the queue has room. */
  void step() {
    if (next == null || queue.fullness() > ROOM) {
      return;
    }
    for (StoredDocument document : slice(next)) {
      check(new DocumentId(document.getCollection(), document.getId()), document);
    }
  }

  private List<StoredDocument> slice(Bytes from) {
    List<StoredDocument> slice = new ArrayList<>();
    next = null;
    try (KeyValueIterator<Bytes, StoredDocument> documents = stores.documents().range(from, null)) {
      while (documents.hasNext() && slice.size() < SLICE) {
        KeyValue<Bytes, StoredDocument> pair = documents.next();
        slice.add(pair.value);
      }
      if (documents.hasNext()) {
        next = documents.peekNextKey();
      }
    }
    return slice;
  }

  private void check(DocumentId id, StoredDocument document) {
    if (document.getState() == DocumentState.DELETED) {
      markers.add(id, document.getChanged());
    } else {
      checkStates(id, document);
    }
  }

  private void checkStates(DocumentId id, StoredDocument document) {
    boolean queued = queue.contains(id);
    boolean usable = false;
    int indexed = document.getContexts();
    for (Manifest manifest : writer.manifests(id)) {
      boolean active = manifest.getProfile().equals(profile);
      boolean building = manifest.getState() == ManifestState.BUILDING;
      if (active && !building && writer.hasPages(manifest)) {
        usable = true;
        takeUp(id, manifest);
      } else if (!active || !building || !queued) {
        indexed = Math.max(indexed, manifest.getContexts().size());
        writer.delete(manifest);
      }
    }
    if (!usable) {
      lifecycle.forgetContexts(id, document, indexed);
    }
    boolean lost =
        document.getState() == DocumentState.PENDING
            || document.getState() == DocumentState.ENCODED && !usable;
    if (lost && !queued) {
      lifecycle.encodeAgain(id, document);
    }
  }

  private void takeUp(DocumentId id, Manifest manifest) {
    if (!manifest.getObsolete().isEmpty()) {
      obsolete.add(id);
    }
  }
}
