package io.gibbon.runtime.sampling;

import io.gibbon.runtime.kernel.Kernels;

/**
 * Log-softmax of one row of logits, before penalties, temperature and truncation. Used by one
 * thread at a time; the answers stand for the row of the latest {@link #read}.
 */
public final class LogProbabilities {

  /** The most alternatives a token can report. */
  public static final int MOST_ALTERNATIVES = 20;

  private static final Kernels KERNELS = Kernels.fastest();

  private float[] logits = {0};
  private float[] exponentials = {0};
  private double logSumExp;

  /**
   * Takes a row.
   *
   * @param row one logit for each token; must not change until the next call
   * @throws ArithmeticException if the logits are no distribution: one is not a number or positive
   *     infinity, or all are negative infinity
   */
  public void read(float[] row) {
    if (!Double.isFinite(take(row))) {
      throw undefined();
    }
  }

  /** As {@link #read}; returns the log-sum-exp, no finite number if they are no distribution. */
  double take(float[] row) {
    float greatest = Float.NEGATIVE_INFINITY;
    boolean numbers = true;
    for (float value : row) {
      numbers &= !Float.isNaN(value);
      if (value > greatest) {
        greatest = value;
      }
    }
    logits = row;
    logSumExp = Double.NaN;
    if (numbers && Float.isFinite(greatest)) {
      if (exponentials.length < row.length) {
        exponentials = new float[row.length];
      }
      double sum = KERNELS.exponentials(row, row.length, greatest, 1, exponentials);
      logSumExp = greatest + Math.log(sum);
    }
    return logSumExp;
  }

  /** What is thrown where logits are no distribution. */
  static ArithmeticException undefined() {
    return new ArithmeticException("the model computed logits that are no distribution");
  }

  /** Natural logarithm of a token's probability. */
  public double of(int token) {
    return logits[token] - logSumExp;
  }

  /** The most probable tokens, most probable first, of equal ones the lowest id first. */
  public int[] top(int count) {
    int[] best = new int[Math.min(count, logits.length)];
    int size = 0;
    for (int token = 0; token < logits.length; token++) {
      if (size == best.length && (size == 0 || logits[token] <= logits[best[size - 1]])) {
        continue;
      }
      int at = size < best.length ? size++ : size - 1;
      while (at > 0 && logits[token] > logits[best[at - 1]]) {
        best[at] = best[at - 1];
        at--;
      }
      best[at] = token;
    }
    return best;
  }
}
