package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import java.util.Arrays;

/** The merges that a file lists, in an open-addressing hash table over primitive arrays. */
final class ListedMerges implements Merges {

  private static final String LINES = "tokenizer.ggml.merges";

  private static final long EMPTY = -1;

  private final long[] pairs;
  private final int[] ranks;
  private final int[] results;

  /**
   * Reads the merges, first to last.
   *
   * @throws io.gibbon.runtime.model.InvalidModelException if an entry is not a pair of tokens that
   *     form a token
   */
  ListedMerges(Metadata metadata, Vocabulary vocabulary) {
    String[] lines = metadata.strings(LINES);
    int capacity = Integer.highestOneBit(Math.max(8, lines.length * 2)) * 2;
    this.pairs = new long[capacity];
    this.ranks = new int[capacity];
    this.results = new int[capacity];
    Arrays.fill(pairs, EMPTY);
    for (int rank = 0; rank < lines.length; rank++) {
      String line = lines[rank];
      int space = line.indexOf(' ');
      int left = space < 0 ? -1 : vocabulary.id(line.substring(0, space));
      int right = space < 0 ? -1 : vocabulary.id(line.substring(space + 1));
      int result =
          space < 0 ? -1 : vocabulary.id(line.substring(0, space) + line.substring(space + 1));
      if (left < 0 || right < 0 || result < 0) {
        throw metadata.problem(
            LINES, "entry %d is not a pair of tokens that form a token".formatted(rank));
      }
      if (vocabulary.isNormal(result)) {
        add(left, right, rank, result);
      }
    }
  }

  /** Adds a merge; of two for the same pair, the first counts. */
  private void add(int left, int right, int rank, int result) {
    long pair = pair(left, right);
    int slot = slot(pair);
    if (pairs[slot] == EMPTY) {
      pairs[slot] = pair;
      ranks[slot] = rank;
      results[slot] = result;
    }
  }

  @Override
  public int rank(int left, int right) {
    int slot = slot(pair(left, right));
    return pairs[slot] == EMPTY ? NONE : ranks[slot];
  }

  @Override
  public int result(int left, int right) {
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
