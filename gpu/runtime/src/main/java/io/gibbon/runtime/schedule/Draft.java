package io.gibbon.runtime.schedule;

import java.util.Arrays;
import java.util.List;

/**
 * Guesses the next tokens of one answer by looking its last ones up in texts that it may repeat,
 * and in itself: answers over documents copy from them. A right guess saves a step, and wrong ones
 * make guesses rarer. Used by the scheduler's thread only.
 */
final class Draft {

  private static final int[] NONE = {};

  /** Between two texts; no token. */
  private static final int BORDER = -1;

  /** The answer's last tokens that have to occur for a guess. */
  private static final int LEAST_MATCH = 3;

  /** More equal tokens make no better guess. */
  private static final int BEST_MATCH = 8;

  /** Tokens guessed at first: with the answer's own row they fill one tile of the kernels. */
  private static final int CAUTIOUS = 3;

  /** The most tokens guessed at once. */
  private static final int LONGEST = 63;

  /** Of longer texts only so many tokens are looked at: every step reads all of them. */
  private static final int MOST_TOKENS = 1 << 16;

  /** The most tokens that are waited for after wrong guesses. */
  private static final int LONGEST_PAUSE = 32;

  private int[] tokens;
  private int size;
  private final int answer;
  private int length = CAUTIOUS;
  private int pause;
  private int waiting;

  /** No guesses without texts. */
  Draft(List<int[]> texts) {
    long total = texts.stream().mapToLong(text -> text.length + 1).sum();
    tokens = new int[(int) Math.min(MOST_TOKENS, total) + (texts.isEmpty() ? 0 : 64)];
    for (int[] text : texts) {
      int length = Math.clamp(MOST_TOKENS - size - 1, 0, text.length);
      System.arraycopy(text, 0, tokens, size, length);
      size += length;
      if (length > 0) {
        tokens[size++] = BORDER;
      }
    }
    answer = size;
  }

  /** The answer goes on with a token. */
  void append(int token) {
    if (answer > 0) {
      if (size == tokens.length) {
        tokens = Arrays.copyOf(tokens, size + size / 2);
      }
      tokens[size++] = token;
      waiting = Math.max(0, waiting - 1);
    }
  }

  /** At most so many tokens that may come next; none if nothing is known. */
  int[] next(int most) {
    if (waiting > 0 || most < 1 || size - answer < LEAST_MATCH) {
      return NONE;
    }
    int from = longestMatch();
    if (from < 0) {
      return NONE;
    }
    int end = from;
    while (end < size && end - from < Math.min(most, length) && tokens[end] != BORDER) {
      end++;
    }
    return Arrays.copyOfRange(tokens, from, end);
  }

  /** Behind the latest of the longest equal runs, or -1. */
  private int longestMatch() {
    int best = -1;
    int longest = LEAST_MATCH - 1;
    int last = tokens[size - 1];
    for (int i = size - 2; i >= 0 && longest < BEST_MATCH; i--) {
      if (tokens[i] == last) {
        int equal = equal(i);
        if (equal > longest) {
          longest = equal;
          best = i + 1;
        }
      }
    }
    return best;
  }

  /** How many tokens up to {@code end} equal the answer's last ones. */
  private int equal(int end) {
    int equal = 1;
    while (equal < BEST_MATCH
        && equal <= end
        && size - 1 - equal >= answer
        && tokens[end - equal] == tokens[size - 1 - equal]) {
      equal++;
    }
    return equal;
  }

  /** Of a guess of so many tokens, the first {@code accepted} were right; less than half is few. */
  void judged(int guessed, int accepted) {
    if (2 * accepted < guessed) {
      pause = Math.clamp(2 * pause, 1, LONGEST_PAUSE);
      waiting = pause;
      length = CAUTIOUS;
    } else {
      pause = 0;
      length = accepted == guessed ? Math.min(LONGEST, 2 * length + 1) : CAUTIOUS;
    }
  }
}
