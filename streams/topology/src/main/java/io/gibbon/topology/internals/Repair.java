package io.gibbon.topology.internals;

import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.topology.DocumentId;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Passes over the documents, in slices, after every start and after every change of the profiles
 * that are kept: what has no states of our own profile, or has lost its pages, is encoded again;
 * what was left half done, and what is of a profile that is not kept any more, is deleted;
 * left-over lists are taken up. While our own profile is none of those kept, it does nothing. While
 * nothing may be encoded, passes only delete; afterwards another one encodes what they left. Used
 * by one stream thread.
 */
final class Repair {

  private static final double ROOM = 0.5;

  /** Pages that one slice deletes; the last document of a slice may exceed it. */
  private static final long SLICE_PAGES = 4096;

  private final Profiles profiles;
  private final Lifecycle lifecycle;
  private final EncodeQueue queue;
  private final EncodingWriter writer;
  private final ObsoletePages obsolete;
  private final DocumentScan scan;
  private final Set<DocumentId> awaited = new HashSet<>();
  private Set<String> kept = Set.of();
  private long deleted;
  private boolean mayEncode;
  private boolean leftOut;
  private boolean complete;

  Repair(
      Stores stores,
      Profiles profiles,
      Lifecycle lifecycle,
      EncodeQueue queue,
      EncodingWriter writer,
      ObsoletePages obsolete) {
    this.profiles = profiles;
    this.lifecycle = lifecycle;
    this.queue = queue;
    this.writer = writer;
    this.obsolete = obsolete;
    this.scan = new DocumentScan(stores, this::hasRoom, this::check);
  }

  /** Whether nothing is left to pass over, as far as our own profile is kept. */
  boolean isDone() {
    return !profiles.keepsOwn() || scan.isDone() && !leftOut && kept.equals(profiles.kept());
  }

  /** Whether every document has been seen encoded under our own profile, or given up. */
  boolean isComplete() {
    return complete;
  }

  /**
   * Goes on with the next slice, while the queue has room.
   *
   * @param mayEncode whether documents may be put in line, which takes room on the disk
   */
  void step(boolean mayEncode) {
    if (!profiles.keepsOwn()) {
      return;
    }
    this.mayEncode = mayEncode;
    if (kept.isEmpty() || scan.isDone() && isDue()) {
      kept = profiles.kept();
      leftOut = false;
      scan.restart();
    }
    deleted = 0;
    scan.step();
    awaited.removeIf(id -> !queue.contains(id));
    complete |= scan.isDone() && !leftOut && awaited.isEmpty();
  }

  private boolean isDue() {
    return !kept.equals(profiles.kept()) || leftOut && mayEncode;
  }

  private boolean hasRoom() {
    return deleted < SLICE_PAGES && (!mayEncode || queue.fullness() <= ROOM);
  }

  private void check(StoredDocument document) {
    if (document.getState() != DocumentState.DELETED) {
      checkStates(new DocumentId(document.getCollection(), document.getId()), document);
    }
  }

  private void checkStates(DocumentId id, StoredDocument document) {
    Manifest usable = clean(id);
    boolean current = usable != null && usable.getContentHash().equals(document.getContentHash());
    boolean lost =
        document.getState() == DocumentState.PENDING
            || document.getState() == DocumentState.ENCODED && !current;
    boolean isNew = lost && !queue.contains(id);
    if (isNew && mayEncode) {
      lifecycle.encodeAgain(id, document, usable);
    } else {
      leftOut |= isNew;
      lifecycle.count(document, usable);
    }
    if (lost && !complete) {
      awaited.add(id);
    }
  }

  /** Deletes what is of no use any more; returns what answers under our own profile can use. */
  private @Nullable Manifest clean(DocumentId id) {
    Manifest usable = null;
    for (Manifest manifest : writer.manifests(id)) {
      if (isUsable(manifest)) {
        usable = manifest;
      } else if (!isOthers(manifest) && !isBeingBuilt(id, manifest)) {
        deleted += writer.delete(manifest);
      }
    }
    if (usable != null && !usable.getObsolete().isEmpty()) {
      obsolete.add(id);
    }
    return usable;
  }

  private boolean isUsable(Manifest manifest) {
    return profiles.isOwn(manifest.getProfile())
        && manifest.getState() == ManifestState.COMPLETE
        && writer.hasPages(manifest);
  }

  private boolean isOthers(Manifest manifest) {
    return !profiles.isOwn(manifest.getProfile())
        && profiles.kept().contains(manifest.getProfile());
  }

  private boolean isBeingBuilt(DocumentId id, Manifest manifest) {
    return profiles.isOwn(manifest.getProfile())
        && manifest.getState() == ManifestState.BUILDING
        && queue.contains(id);
  }
}
