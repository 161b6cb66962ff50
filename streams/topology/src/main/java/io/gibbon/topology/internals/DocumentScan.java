package io.gibbon.topology.internals;

import io.gibbon.schemas.StoredDocument;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * Passes over all documents of a partition, in slices, one document in memory at a time. The first
 * pass is already begun. Used by one stream thread.
 */
final class DocumentScan {

  private static final Bytes FIRST = Bytes.wrap(new byte[0]);

  /** Characters that one slice reads. */
  private static final long SLICE = 1 << 20;

  /** What the shortest document costs, in characters. */
  private static final long OVERHEAD = 4 << 10;

  private final Stores stores;
  private final BooleanSupplier room;
  private final Consumer<StoredDocument> visit;
  private @Nullable Bytes next = FIRST;

  /**
   * A scan that stands at the first document.
   *
   * @param room asked before every document; a slice ends where there is none
   * @param visit is given every document, deletion markers included, and may change it
   */
  DocumentScan(Stores stores, BooleanSupplier room, Consumer<StoredDocument> visit) {
    this.stores = stores;
    this.room = room;
    this.visit = visit;
  }

  /** Whether the pass is over. */
  boolean isDone() {
    return next == null;
  }

  /** Begins a new pass if the last one is over. */
  void restart() {
    if (next == null) {
      next = FIRST;
    }
  }

  /** Goes on with the next slice. */
  void step() {
    if (next == null || !room.getAsBoolean()) {
      return;
    }
    try (KeyValueIterator<Bytes, StoredDocument> documents = stores.documents().range(next, null)) {
      long read = 0;
      while (documents.hasNext() && read < SLICE && room.getAsBoolean()) {
        KeyValue<Bytes, StoredDocument> pair = documents.next();
        read += OVERHEAD + pair.value.getText().length();
        visit.accept(pair.value);
      }
      next = documents.hasNext() ? documents.peekNextKey() : null;
    }
  }
}
