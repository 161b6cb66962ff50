package io.gibbon.tornado;

import io.gibbon.runtime.engine.HeadShares;
import java.util.function.IntToDoubleFunction;

/** Attention shares of one slice, added up over the rows and parts of a step. */
final class ShareSums {

  private final HeadShares shares;
  private final int[] contextOfPiece;
  private final double[][] sums;
  private int rows;

  /**
   * Sums of zero.
   *
   * @param contextOfPiece context of each context piece
   */
  ShareSums(HeadShares shares, int[] contextOfPiece) {
    this.shares = shares;
    this.contextOfPiece = contextOfPiece;
    this.sums = new double[Math.max(1, shares.heads().size())][shares.contexts()];
  }

  /**
   * Adds some rows' shares.
   *
   * @param cells the shares: row by row, head by head, piece by piece
   * @param first the first row's first
   */
  void add(IntToDoubleFunction cells, int first, int count) {
    int cell = first;
    for (int row = 0; row < count; row++) {
      for (double[] head : sums) {
        for (int context : contextOfPiece) {
          head[context] += cells.applyAsDouble(cell++);
        }
      }
    }
    rows += count;
  }

  /**
   * Writes the means over the rows.
   *
   * @param heads how many heads one cell is the sum of
   */
  void write(int heads) {
    int each = shares.heads().isEmpty() ? heads : 1;
    for (int head = 0; head < sums.length; head++) {
      for (int context = 0; context < sums[head].length; context++) {
        shares.of(head)[context] = (float) (sums[head][context] / rows / each);
      }
    }
  }
}
