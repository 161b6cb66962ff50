package io.gibbon.topology.internals;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The stores of the partitions that this process owns and has restored. Entered and taken out by
 * the partitions' processors, read by queries. Thread-safe.
 */
public final class OpenStores {

  private final Map<Integer, Stores> byPartition = new ConcurrentHashMap<>();

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
}
