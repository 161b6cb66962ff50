package io.gibbon.runtime.tokenizer;

import java.util.Arrays;

/**
 * The merges of a byte-pair encoding: which two adjacent tokens become which one, and in what
 * order. An open-addressing hash table over primitive arrays; immutable and thread-safe once
 * filled.
 */
final class Merges {

  /** What {@link #rank} and {@link #result} return for a pair that does not merge. */
  static final int NONE = -1;

  private static final long EMPTY = -1;

  private final long[] pairs;
  private final int[] ranks;
  private final int[] results;

  Merges(int count) {
    int capacity = Integer.highestOneBit(Math.max(8, count * 2)) * 2;
    this.pairs = new long[capacity];
    this.ranks = new int[capacity];
    this.results = new int[capacity];
    Arrays.fill(pairs, EMPTY);
  }

  /** Adds a merge; of two for the same pair, the first counts. */
  void add(int left, int right, int rank, int result) {
    long pair = pair(left, right);
    int slot = slot(pair);
    if (pairs[slot] == EMPTY) {
      pairs[slot] = pair;
      ranks[slot] = rank;
      results[slot] = result;
    }
  }

  /** When the pair merges: lower ranks first. */
  int rank(int left, int right) {
    int slot = slot(pair(left, right));
    return pairs[slot] == EMPTY ? NONE : ranks[slot];
  }

  /** The token that the pair becomes. */
  int result(int left, int right) {
    int slot = slot(pair(left, right));
    return pairs[slot] == EMPTY ? NONE : results[slot];
  }

  private int slot(long pair) {
    int mask = pairs.length - 1;
    int slot = (int) ((pair * 0x9E3779B97F4A7C15L) >>> 32) & mask;
    while (pairs[slot] != EMPTY && pairs[slot] != pair) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }
}
