package io.gibbon.topology.internals;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Partitions whose documents shall not be read for now, because too many wait or the disk is full.
 * Said by processors, heeded by {@link HoldingConsumer}. Thread-safe.
 */
public final class Backpressure {

  private final Set<Integer> held = ConcurrentHashMap.newKeySet();

  /** Holds a partition, or lets it go. */
  void set(int partition, boolean hold) {
    if (hold) {
      held.add(partition);
    } else {
      held.remove(partition);
    }
  }

  /** Whether a partition is held. */
  public boolean isHeld(int partition) {
    return held.contains(partition);
  }
}
