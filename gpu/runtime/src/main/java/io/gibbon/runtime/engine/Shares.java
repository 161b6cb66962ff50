package io.gibbon.runtime.engine;

import java.util.Arrays;

/**
 * Attention shares of one row: for each context the mean over heads and layers of {@code w[0] *
 * exp(lse_i - lse_c)}.
 *
 * <p>Within a layer different threads add tiles of different heads or pieces; then one thread adds
 * the heads.
 */
final class Shares {

  private final int[] contextOfPiece;
  private final double[] total;
  private final double[] greatest;
  private final double[] sums;
  private final double samples;

  /**
   * Shares of zero.
   *
   * @param contextOfPiece context of each context piece of the row
   * @param heads query heads
   * @param layers layers that will be added
   */
  Shares(int[] contextOfPiece, int contexts, int heads, int layers) {
    this.contextOfPiece = contextOfPiece;
    this.total = new double[contexts];
    this.greatest = new double[heads * contextOfPiece.length];
    this.sums = new double[heads * contextOfPiece.length];
    this.samples = (double) heads * layers;
    clear(0, greatest.length);
  }

  private void clear(int from, int to) {
    Arrays.fill(greatest, from, to, Double.NEGATIVE_INFINITY);
    Arrays.fill(sums, from, to, 0);
  }

  /**
   * Adds {@code n} exponentials relative to {@code max}, which never falls from tile to tile of a
   * piece and is negative infinity while all were masked.
   */
  void addTile(int head, int piece, float max, float[] exponentials, int offset, int n) {
    if (max == Float.NEGATIVE_INFINITY) {
      return;
    }
    float even = 0;
    float odd = 0;
    int i = offset;
    for (; i + 1 < offset + n; i += 2) {
      even += exponentials[i];
      odd += exponentials[i + 1];
    }
    if (i < offset + n) {
      even += exponentials[i];
    }
    int index = head * contextOfPiece.length + piece;
    sums[index] = sums[index] * Math.exp(greatest[index] - max) + even + odd;
    greatest[index] = max;
  }

  /** Adds one head of the layer whose tiles were added, and makes room for the next layer's. */
  void addHead(int head, double contextWeight, double logSumExp) {
    int from = head * contextOfPiece.length;
    for (int piece = 0; piece < contextOfPiece.length; piece++) {
      if (sums[from + piece] > 0) {
        double lse = greatest[from + piece] + Math.log(sums[from + piece]);
        total[contextOfPiece[piece]] += contextWeight * Math.exp(lse - logSumExp) / samples;
      }
    }
    clear(from, from + contextOfPiece.length);
  }

  /** Writes the shares, context by context. */
  void writeTo(float[] out) {
    for (int i = 0; i < total.length; i++) {
      out[i] = (float) total[i];
    }
  }
}
