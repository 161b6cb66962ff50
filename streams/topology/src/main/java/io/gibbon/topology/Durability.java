package io.gibbon.topology;

/** What happens to KV states when an instance loses its disk. */
public enum Durability {
  /** Pages are in a changelog topic and are restored from it. */
  CHANGELOG,
  /** Pages are only on the instance's disk; lost ones are encoded again from the documents. */
  REBUILD
}
