package io.gibbon.topology.internals;

import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.topology.DocumentId;

/**
 * One pass over the documents after every start, in slices: what has lost its pages, belongs to
 * another profile or was left half done is encoded again, and left-over lists are taken up. Used by
 * one stream thread.
 */
final class Repair {

  private static final double ROOM = 0.5;

  private final Lifecycle lifecycle;
  private final EncodeQueue queue;
  private final EncodingWriter writer;
  private final ObsoletePages obsolete;
  private final String profile;
  private final DocumentScan scan;

  Repair(
      Stores stores,
      Lifecycle lifecycle,
      EncodeQueue queue,
      EncodingWriter writer,
      ObsoletePages obsolete,
      String profile) {
    this.lifecycle = lifecycle;
    this.queue = queue;
    this.writer = writer;
    this.obsolete = obsolete;
    this.profile = profile;
    this.scan = new DocumentScan(stores, () -> queue.fullness() <= ROOM, this::check);
  }

  /** Whether the pass is over. */
  boolean isDone() {
    return scan.isDone();
  }

  /** Goes on with the next slice, while the queue has room. */
  void step() {
    scan.step();
  }

  private void check(StoredDocument document) {
    if (document.getState() != DocumentState.DELETED) {
      checkStates(new DocumentId(document.getCollection(), document.getId()), document);
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
