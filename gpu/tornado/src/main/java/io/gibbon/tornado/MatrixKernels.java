package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Products of activations and packed weights on the device.
 *
 * <p>Every output is summed in one order, whatever the number of rows: within chunks of {@value
 * #CHUNK} columns one fused multiply-add after the other, then chunk after chunk.
 */
final class MatrixKernels {

  /** Outputs of a panel: adjacent threads read adjacent words. */
  static final int PANEL = 16;

  /** Columns that are summed by one thread before their sum is added to those before. */
  static final int CHUNK = 64;

  /** Rows that share one reading of the weights. */
  static final int ROWS = 8;

  /** Chunks that a work-group sums at a time. */
  static final int CHUNKS = 8;

  /** Threads of a work-group. */
  static final int THREADS = PANEL * CHUNKS;

  private MatrixKernels() {}

  /**
   * {@code out = x * W^T}, or {@code out += x * W^T} where the operation says so. A work-group
   * computes one panel for {@value #ROWS} rows: the grid is panels times {@value #THREADS} by rows
   * over {@value #ROWS}.
   *
   * @param operation index of the operation in the {@link ModelTable}
   * @param count which number of the {@link StepTable}'s header tells the rows
   */
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
    float[] sums = c.allocateFloatLocalArray(THREADS * ROWS);
    int thread = c.localIdx;
    int lane = thread % PANEL;
    int slice = thread / PANEL;
    int panel = c.groupIdx;
    int firstRow = c.groupIdy * ROWS;
    int rows = plan.get(count) - counter.get(1) * StepTable.LOGIT_ROWS;

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
    float total = 0;
    for (int first = 0; first < columns; first += CHUNK * CHUNKS) {
      float[] sum = new float[ROWS];
      for (int row = 0; row < ROWS; row++) {
        sum[row] = 0;
      }
      int from = first + slice * CHUNK;
      int to = Math.min(columns, from + CHUNK);
      for (int k = from; k < to; k += perWord) {
        float factor = 1;
        float minimum = 0;
        int word = 0;
        if (bits < 32) {
          int scale = scales + (local * (columns / group) + k / group) * 2 * PANEL + lane;
          factor = floats.get(scale);
          minimum = floats.get(scale + PANEL);
          word = codes.get(data + (local * (columns / perWord) + k / perWord) * PANEL + lane);
        }
        for (int i = 0; i < perWord; i++) {
          float w = (word & mask) * factor + minimum;
          word = word >>> bits;
          if (bits == 32) {
            w = floats.get(data + (local * columns + k) * PANEL + lane);
          }
          for (int row = 0; row < ROWS; row++) {
            int xRow = Math.min(rows - 1, firstRow + row);
            sum[row] = sum[row] + w * x.get(xRow * xStride + k + i);
          }
        }
      }
      for (int row = 0; row < ROWS; row++) {
        sums[(slice * ROWS + row) * PANEL + lane] = sum[row];
      }
      c.localBarrier();
      for (int i = 0; i < CHUNKS; i++) {
        total = total + sums[(i * ROWS + slice) * PANEL + lane];
      }
      c.localBarrier();
    }
    int row = firstRow + slice;
    if (row < rows) {
      int target = row * outStride + panel * PANEL + lane;
      out.set(target, add == 1 ? out.get(target) + total : total);
    }
  }
}
