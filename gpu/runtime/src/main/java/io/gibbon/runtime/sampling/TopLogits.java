package io.gibbon.runtime.sampling;

import java.util.Arrays;

/**
 * The greatest logits of one or more rows, greatest first and of equal ones the lowest id first,
 * and the log-sum-exp of each row, which makes them probabilities. Asked for in a step where whole
 * rows would not tell more, and filled by it. Not thread-safe.
 */
public final class TopLogits {

  /** The most logits of a row. */
  public static final int MOST = 64;

  private final int count;
  private final int[] sizes;
  private final int[] tokens;
  private final float[] logits;
  private final double[] logSumExp;

  /**
   * Empty rows.
   *
   * @param count logits of each, 1 to {@value #MOST}
   */
  public TopLogits(int rows, int count) {
    if (count < 1 || count > MOST) {
      throw new IllegalArgumentException("the greatest %d logits of a row".formatted(count));
    }
    this.count = count;
    this.sizes = new int[rows];
    this.tokens = new int[rows * count];
    this.logits = new float[rows * count];
    this.logSumExp = new double[rows];
  }

  /** Number of rows. */
  public int rows() {
    return sizes.length;
  }

  /** How many logits of each row are asked for. */
  public int count() {
    return count;
  }

  /** How many logits of a row there are: fewer than asked for only where no more are finite. */
  public int size(int row) {
    return sizes[row];
  }

  /** The token with a row's greatest logit (rank 0), or one of the next. */
  public int token(int row, int rank) {
    return tokens[row * count + rank];
  }

  /** The logit of {@link #token}. */
  public float logit(int row, int rank) {
    return logits[row * count + rank];
  }

  /**
   * Natural logarithm of the sum of all the row's exponentials.
   *
   * @throws ArithmeticException if the row's logits are no distribution
   */
  public double logSumExp(int row) {
    if (!Double.isFinite(logSumExp[row])) {
      throw LogProbabilities.undefined();
    }
    return logSumExp[row];
  }

  /**
   * Fills a row from all its logits.
   *
   * @param scratch reads them; must not be read by others meanwhile
   */
  public void read(int row, float[] all, LogProbabilities scratch) {
    clear(row, scratch.take(all));
    if (Double.isFinite(logSumExp[row])) {
      for (int token : scratch.top(count)) {
        offer(row, token, all[token]);
      }
    }
  }

  /**
   * Empties a row, for {@link #offer}.
   *
   * @param logSumExp not a finite number where the row's logits are no distribution
   */
  public void clear(int row, double logSumExp) {
    this.sizes[row] = 0;
    this.logSumExp[row] = logSumExp;
  }

  /** Takes a logit among a row's greatest, if it is one; what is not finite is none. */
  public void offer(int row, int token, float logit) {
    int first = row * count;
    int end = first + sizes[row];
    int at = end;
    while (at > first && before(token, logit, at - 1)) {
      at--;
    }
    if (at == first + count || !Float.isFinite(logit)) {
      return;
    }
    if (sizes[row] < count) {
      sizes[row]++;
    } else {
      end--;
    }
    System.arraycopy(tokens, at, tokens, at + 1, end - at);
    System.arraycopy(logits, at, logits, at + 1, end - at);
    tokens[at] = token;
    logits[at] = logit;
  }

  private boolean before(int token, float logit, int at) {
    return logit > logits[at] || (logit == logits[at] && token < tokens[at]);
  }

  /** Takes over some rows of another step's part, as they are. */
  public void copy(TopLogits from, int row) {
    System.arraycopy(from.sizes, 0, sizes, row, from.rows());
    System.arraycopy(from.tokens, 0, tokens, row * count, from.tokens.length);
    System.arraycopy(from.logits, 0, logits, row * count, from.logits.length);
    System.arraycopy(from.logSumExp, 0, logSumExp, row, from.rows());
  }

  /** A row's logits in the order of their ranks, negative infinity behind the last. */
  public float[] values(int row) {
    float[] values = Arrays.copyOfRange(logits, row * count, (row + 1) * count);
    Arrays.fill(values, sizes[row], count, Float.NEGATIVE_INFINITY);
    return values;
  }
}
