package io.gibbon.runtime.engine;

import java.util.Arrays;

/**
 * Attention shares of one row while they are computed: {@code w[0] * exp(lse_i - lse_c)} of each
 * context, by head as {@link HeadShares} asks, or the mean over heads and layers.
 *
 * <p>Within a layer different threads add tiles of different heads or pieces; then one thread adds
 * the heads.
 */
final class Shares {

  private static final int UNWANTED = -1;

  private final int[] contextOfPiece;
  private final int heads;
  private final int[] rowOfHead;
  private final double weight;
  private final double[][] totals;
  private final double[] greatest;
  private final double[] sums;
  private int layer;

  /**
   * Shares of zero.
   *
   * @param wanted what is asked for
   * @param contextOfPiece context of each context piece of the row
   * @param heads query heads of a layer
   * @param layers layers of the model
   */
  Shares(HeadShares wanted, int[] contextOfPiece, int heads, int layers) {
    this.contextOfPiece = contextOfPiece;
    this.heads = heads;
    this.rowOfHead = new int[heads * layers];
    if (wanted.heads().isEmpty()) {
      this.weight = 1.0 / (heads * layers);
      this.totals = new double[1][wanted.contexts()];
    } else {
      this.weight = 1;
      this.totals = new double[wanted.heads().size()][wanted.contexts()];
      Arrays.fill(rowOfHead, UNWANTED);
      for (int i = 0; i < totals.length; i++) {
        Head head = wanted.heads().get(i);
        rowOfHead[head.layer() * heads + head.head()] = i;
      }
    }
    this.greatest = new double[heads * contextOfPiece.length];
    this.sums = new double[heads * contextOfPiece.length];
    clear(0, greatest.length);
  }

  private void clear(int from, int to) {
    Arrays.fill(greatest, from, to, Double.NEGATIVE_INFINITY);
    Arrays.fill(sums, from, to, 0);
  }

  /** What is added from here on is of this layer. */
  void begin(int nextLayer) {
    layer = nextLayer;
  }

  private int row(int head) {
    return rowOfHead[layer * heads + head];
  }

  /**
   * Adds {@code n} exponentials relative to {@code max}, which never falls from tile to tile of a
   * piece and is negative infinity while all were masked.
   */
  void addTile(int head, int piece, float max, float[] exponentials, int offset, int n) {
    if (max == Float.NEGATIVE_INFINITY || row(head) == UNWANTED) {
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
    if (row(head) == UNWANTED) {
      return;
    }
    double[] total = totals[row(head)];
    int from = head * contextOfPiece.length;
    for (int piece = 0; piece < contextOfPiece.length; piece++) {
      if (sums[from + piece] > 0) {
        double lse = greatest[from + piece] + Math.log(sums[from + piece]);
        total[contextOfPiece[piece]] += weight * contextWeight * Math.exp(lse - logSumExp);
      }
    }
    clear(from, from + contextOfPiece.length);
  }

  /** Writes what is asked for of the rows of a slice; means are added in their order. */
  static void write(Shares[] rows, HeadShares out) {
    if (out.byRow()) {
      for (int row = 0; row < rows.length; row++) {
        write(new Shares[] {rows[row]}, 0, out.of(row));
      }
    } else {
      for (int head = 0; head < rows[0].totals.length; head++) {
        write(rows, head, out.of(head));
      }
    }
  }

  private static void write(Shares[] rows, int head, float[] values) {
    for (int context = 0; context < values.length; context++) {
      double sum = 0;
      for (Shares row : rows) {
        sum += row.totals[head][context];
      }
      values[context] = (float) (sum / rows.length);
    }
  }
}
