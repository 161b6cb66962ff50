package io.gibbon.runtime.rank;

/** What chooses among proposed contexts. */
public enum Selection {
  /** Nothing: they are taken in the order in which they were proposed. */
  NONE,
  /** The question's log-probability given each context alone. */
  LIKELIHOOD,
  /**
   * The attention of a few heads in one pass over all contexts; the likelihood of those that they
   * prefer decides. Needs to know the heads.
   */
  ATTENTION
}
