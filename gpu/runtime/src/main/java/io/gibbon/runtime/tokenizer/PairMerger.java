package io.gibbon.runtime.tokenizer;

import java.util.Arrays;

/**
 * Merges the byte pairs of one piece, lowest rank first, leftmost first among equals. A heap of
 * candidate pairs over a linked list of tokens makes it O(n log n) in the piece's length. Not
 * thread-safe: its arrays serve one piece after the other.
 */
final class PairMerger {

  private final Merges merges;
  private int[] tokens = new int[64];
  private int[] next = new int[64];
  private int[] previous = new int[64];
  private long[] heap = new long[128];
  private int heapSize;

  PairMerger(Merges merges) {
    this.merges = merges;
  }

  /**
   * Merges {@code length} tokens of {@code piece} in place.
   *
   * @return how many tokens remain at the front of {@code piece}
   */
  int merge(int[] piece, int length) {
    if (length < 2) {
      return length;
    }
    link(piece, length);
    while (heapSize > 0) {
      mergePair(pop());
    }
    int count = 0;
    for (int i = 0; i >= 0; i = next[i]) {
      piece[count++] = tokens[i];
    }
    return count;
  }

  private void link(int[] piece, int length) {
    if (tokens.length < length) {
      tokens = new int[length];
      next = new int[length];
      previous = new int[length];
    }
    System.arraycopy(piece, 0, tokens, 0, length);
    for (int i = 0; i < length; i++) {
      previous[i] = i - 1;
      next[i] = i + 1 < length ? i + 1 : -1;
    }
    for (int i = 0; i + 1 < length; i++) {
      propose(i);
    }
  }

  /** A candidate whose tokens do not merge at its rank any more is skipped. */
  private void mergePair(long candidate) {
    int left = (int) candidate;
    int right = next[left];
    if (tokens[left] < 0
        || right < 0
        || merges.rank(tokens[left], tokens[right]) != (int) (candidate >>> 32)) {
      return;
    }
    tokens[left] = merges.result(tokens[left], tokens[right]);
    tokens[right] = -1;
    next[left] = next[right];
    if (next[left] >= 0) {
      previous[next[left]] = left;
      propose(left);
    }
    if (previous[left] >= 0) {
      propose(previous[left]);
    }
  }

  private void propose(int left) {
    int rank = merges.rank(tokens[left], tokens[next[left]]);
    if (rank != Merges.NONE) {
      push((long) rank << 32 | left);
    }
  }

  private void push(long candidate) {
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, heapSize * 2);
    }
    int at = heapSize++;
    while (at > 0 && heap[(at - 1) / 2] > candidate) {
      heap[at] = heap[(at - 1) / 2];
      at = (at - 1) / 2;
    }
    heap[at] = candidate;
  }

  private long pop() {
    long top = heap[0];
    long last = heap[--heapSize];
    int at = 0;
    while (2 * at + 1 < heapSize) {
      int child = 2 * at + 1;
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= last) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
