package io.gibbon.runtime.kernel;

/**
 * Rows of activations in the order in which products with many rows read them: panels of adjacent
 * rows, each of them column by column. So a step along the depth reads a few adjacent numbers,
 * whatever the distance of the rows was.
 *
 * <p>Panels have {@value #ROWS} rows, the last ones 4 or 2, so that hardly a row is computed in
 * vain. The panel whose first row is {@code r} begins at {@code r * depth}; number k of its i-th
 * row lies {@code k * size + i} behind. Rows past the last one repeat it.
 */
final class VectorRows {

  /** The most rows of a panel. */
  static final int ROWS = 6;

  private VectorRows() {}

  /** Rows of the next panel, where so many are left. */
  static int size(int left) {
    if (left <= 2) {
      return 2;
    }
    return left <= 4 || left == 7 || left == 8 ? 4 : ROWS;
  }

  /** As {@link Kernels#packRows}. */
  static void pack(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      int from,
      int to,
      float[] out,
      int outOffset,
      int depth) {
    for (int row = 0; row < rows; ) {
      int size = size(rows - row);
      for (int i = 0; i < size; i++) {
        int source = aOffset + Math.min(row + i, rows - 1) * aStride;
        int target = outOffset + row * depth + i;
        for (int k = from; k < to; k++) {
          out[target + k * size] = a[source + k];
        }
      }
      row += size;
    }
  }
}
