package io.gibbon.topology;

/** What happens to KV states when an instance loses its disk or stops uncleanly. */
public enum Durability {
  /** Pages are in a changelog topic and are restored from it. */
  CHANGELOG,
  /**
   * Pages are only on the instance's disk; lost ones are encoded again from the documents. Under
   * exactly-once, Kafka Streams empties stores after any unclean stop, also of a single stream
   * thread: that loses all pages of its partitions.
   */
  REBUILD
}
