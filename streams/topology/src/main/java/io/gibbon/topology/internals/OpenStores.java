package io.gibbon.topology.internals;

import io.gibbon.topology.DocumentId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The stores of the partitions that this process owns and has restored, and who wants to hear of
 * what becomes obsolete in them. Entered and taken out by the partitions' processors, read by
 * queries. Thread-safe.
 */
public final class OpenStores {

  private final Map<Integer, Stores> byPartition = new ConcurrentHashMap<>();
  private final List<Consumer<DocumentId>> watchers = new CopyOnWriteArrayList<>();

  /** The stores of a partition can be read from now on. */
  void open(int partition, Stores stores) {
    byPartition.put(partition, stores);
  }

  /** The stores of a partition are about to be closed. */
  void close(int partition, Stores stores) {
    byPartition.remove(partition, stores);
  }

  /** The stores of a partition, or null while it is not here. */
  @Nullable Stores of(int partition) {
    return byPartition.get(partition);
  }

  /** Tells a watcher of documents from now on; the result ends that. */
  Runnable watch(Consumer<DocumentId> watcher) {
    watchers.add(watcher);
    return () -> watchers.remove(watcher);
  }

  /** What was encoded of a document has been replaced or deleted. */
  void replaced(DocumentId document) {
    watchers.forEach(watcher -> watcher.accept(document));
  }
}
