package io.gibbon.tornado;

import io.gibbon.runtime.engine.HeadShares;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/** Attention shares of one slice, added up over the rows and parts of a step. */
final class ShareSums {

  private final HeadShares shares;
  private final int[] contextOfPiece;
  private final List<double[]> sums = new ArrayList<>();
  private int rows;

  /**
   * No rows yet.
   *
   * @param contextOfPiece context of each context piece
   */
  ShareSums(HeadShares shares, int[] contextOfPiece) {
    this.shares = shares;
    this.contextOfPiece = contextOfPiece;
  }

  /**
   * Adds the next rows' shares.
   *
   * @param cells the shares: row by row, head by head, piece by piece
   * @param first the first row's first
   */
  void add(IntToDoubleFunction cells, int first, int count) {
    int cell = first;
    for (int i = 0; i < count; i++) {
      for (int head = 0; head < Math.max(1, shares.heads().size()); head++) {
        double[] sum = sum(shares.byRow() ? rows : head);
        for (int context : contextOfPiece) {
          sum[context] += cells.applyAsDouble(cell++);
        }
      }
      rows++;
    }
  }

  /** The sum for one of the arrays that are asked for. */
  private double[] sum(int index) {
    while (sums.size() <= index) {
      sums.add(new double[shares.contexts()]);
    }
    return sums.get(index);
  }

  /**
   * Writes the means over the rows, or each row's own shares.
   *
   * @param heads how many heads one cell is the sum of
   */
  void write(int heads) {
    int each = shares.heads().isEmpty() ? heads : 1;
    int together = shares.byRow() ? 1 : rows;
    for (int i = 0; i < sums.size(); i++) {
      for (int context = 0; context < shares.contexts(); context++) {
        shares.of(i)[context] = (float) (sums.get(i)[context] / together / each);
      }
    }
  }
}
