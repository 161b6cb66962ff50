package io.gibbon.runtime.tokenizer;

import java.util.Arrays;

/** A growing list of tokens. */
final class TokenList {

  private int[] tokens = new int[64];
  private int size;

  void add(int token) {
    ensure(1);
    tokens[size++] = token;
  }

  void addAll(int[] from, int count) {
    ensure(count);
    System.arraycopy(from, 0, tokens, size, count);
    size += count;
  }

  int[] toArray() {
    return Arrays.copyOf(tokens, size);
  }

  private void ensure(int more) {
    if (tokens.length - size < more) {
      tokens = Arrays.copyOf(tokens, Math.max(tokens.length * 2, size + more));
    }
  }
}
