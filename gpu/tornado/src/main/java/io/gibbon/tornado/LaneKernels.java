package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The product of {@link MatrixKernels} for devices that are CPUs: one thread computes whole panels,
 * so that the device's compiler makes vectors of adjacent lanes, and no threads wait for each
 * other. The same order of summation, so the same bits.
 */
final class LaneKernels {

  private static final int LANES = MatrixKernels.PANEL;
  private static final int ROWS = MatrixKernels.ROWS;

  private LaneKernels() {}

  /** As {@link MatrixKernels#multiply}; the grid is panels by rows over 8, one thread a group. */
  static void multiply(
      KernelContext c,
      IntArray counter,
      IntArray table,
      IntArray plan,
      IntArray codes,
      FloatArray floats,
      FloatArray x,
      FloatArray out,
      int operation,
      int count) {
    float[] w = new float[LANES];
    float[] sums = new float[ROWS * LANES];
    float[] totals = new float[ROWS * LANES];
    int panel = c.globalIdx;
    int firstRow = c.globalIdy * ROWS;
    int rows = plan.get(count) - counter.get(1) * StepTable.LOGIT_ROWS;
    // Read, so that loops over it stay loops.
    int lanes = table.get(ModelTable.LANES);

    int at =
        ModelTable.HEADER
            + counter.get(0) * ModelTable.RECORD
            + ModelTable.OPERATIONS
            + operation * ModelTable.OPERATION;
    int columns = table.get(at);
    int xStride = table.get(at + 1);
    int outStride = table.get(at + 2);
    int add = table.get(at + 3);
    int matrix = at + ModelTable.MATRICES;
    int local = panel;
    for (int i = 0; i < 2; i++) {
      int panels = table.get(matrix + 4);
      if (local >= panels) {
        local = local - panels;
        matrix = matrix + ModelTable.MATRIX;
      }
    }
    int bits = table.get(matrix);
    int group = table.get(matrix + 1);
    int data = table.get(matrix + 2);
    int scales = table.get(matrix + 3);
    int perWord = 32 / bits;
    int mask = (1 << bits) - 1;
    boolean coded = bits < 32;
    int last = Math.min(ROWS, rows - firstRow);

    for (int i = 0; i < ROWS * lanes; i++) {
      totals[i] = 0;
    }
    for (int chunk = 0; chunk < columns; chunk += MatrixKernels.CHUNK) {
      for (int i = 0; i < ROWS * lanes; i++) {
        sums[i] = 0;
      }
      int end = Math.min(columns, chunk + MatrixKernels.CHUNK);
      for (int k = chunk; k < end; k++) {
        int scale = scales + (local * (columns / group) + k / group) * 2 * LANES;
        int word = data + (local * (columns / perWord) + k / perWord) * LANES;
        int shift = k % perWord * bits;
        for (int lane = 0; lane < lanes; lane++) {
          float value;
          if (coded) {
            int code = (codes.get(word + lane) >> shift) & mask;
            value = code * floats.get(scale + lane) + floats.get(scale + LANES + lane);
          } else {
            value = floats.get(word + lane);
          }
          w[lane] = value;
        }
        for (int row = 0; row < last; row++) {
          float factor = x.get((firstRow + row) * xStride + k);
          for (int lane = 0; lane < lanes; lane++) {
            sums[row * LANES + lane] = sums[row * LANES + lane] + w[lane] * factor;
          }
        }
      }
      for (int i = 0; i < ROWS * lanes; i++) {
        totals[i] = totals[i] + sums[i];
      }
    }
    for (int row = 0; row < last; row++) {
      for (int lane = 0; lane < lanes; lane++) {
        int target = (firstRow + row) * outStride + panel * LANES + lane;
        float before = 0;
        if (add == 1) {
          before = out.get(target);
        }
        out.set(target, before + totals[row * LANES + lane]);
      }
    }
  }
}
