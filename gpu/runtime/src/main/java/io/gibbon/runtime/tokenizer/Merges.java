package io.gibbon.runtime.tokenizer;

/**
 * The merges of a byte-pair encoding: which two adjacent tokens become which one, and in what
 * order. Immutable and thread-safe.
 */
sealed interface Merges permits ListedMerges, ScoredMerges {

  /** What {@link #rank} and {@link #result} return for a pair that does not merge. */
  int NONE = -1;

  /** When the pair merges: lower ranks first. */
  int rank(int left, int right);

  /** The token that the pair becomes. */
  int result(int left, int right);
}
