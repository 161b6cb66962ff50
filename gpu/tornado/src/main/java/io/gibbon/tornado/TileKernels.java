package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The product of {@link MatrixKernels} for many rows: a work-group computes a tile of {@value
 * #ROWS} rows by {@value #OUTPUTS} outputs, and each weight is decoded once for all of its rows.
 * The same order of summation, so the same bits.
 */
final class TileKernels {

  /** Rows of a tile. */
  static final int ROWS = 64;

  /** Panels of a tile. */
  static final int PANELS = 4;

  /** Threads of a work-group. */
  static final int THREADS = 128;

  /** From so many rows on, tiles are used. */
  static final int LEAST_ROWS = ROWS / 2;

  private static final int PANEL = MatrixKernels.PANEL;
  private static final int OUTPUTS = PANELS * PANEL;

  /** Columns that lie in local memory at a time. */
  private static final int STAGE = 16;

  /** Adjacent columns of a row lie in different banks of local memory. */
  private static final int ROW_STRIDE = ROWS + 1;

  /** Rows of a thread, which has one output of each panel. */
  private static final int THREAD_ROWS = ROWS * PANEL / THREADS;

  private static final int SUMS = THREAD_ROWS * PANELS;

  private TileKernels() {}

  /**
   * As {@link MatrixKernels#multiply}; the grid is panels over {@value #PANELS} times {@value
   * #THREADS} by rows over {@value #ROWS}.
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
    float[] xs = c.allocateFloatLocalArray(STAGE * ROW_STRIDE);
    float[] ws = c.allocateFloatLocalArray(STAGE * OUTPUTS);
    float[] sums = new float[SUMS];
    float[] totals = new float[SUMS];
    int thread = c.localIdx;
    int lane = thread % PANEL;
    int threadRow = thread / PANEL * THREAD_ROWS;
    int firstRow = c.groupIdy * ROWS;
    int firstPanel = c.groupIdx * PANELS;
    int rows = plan.get(count) - counter.get(1) * StepTable.LOGIT_ROWS;
    if (count == StepTable.WANTED) {
      // A tile is taller than what there is room for.
      rows = Math.min(rows, StepTable.LOGIT_ROWS);
    }

    int at =
        ModelTable.HEADER
            + counter.get(0) * ModelTable.RECORD
            + ModelTable.OPERATIONS
            + operation * ModelTable.OPERATION;
    int columns = table.get(at);
    int xStride = table.get(at + 1);
    int outStride = table.get(at + 2);
    int add = table.get(at + 3);
    int panels = outStride / PANEL;

    // The weights of one output, which this thread decodes for the work-group.
    int output = thread % OUTPUTS;
    int matrix = at + ModelTable.MATRICES;
    int local = Math.min(panels - 1, firstPanel + output / PANEL);
    for (int i = 0; i < 2; i++) {
      int matrixPanels = table.get(matrix + 4);
      if (local >= matrixPanels) {
        local = local - matrixPanels;
        matrix = matrix + ModelTable.MATRIX;
      }
    }
    int bits = table.get(matrix);
    int group = table.get(matrix + 1);
    int data = table.get(matrix + 2);
    int scales = table.get(matrix + 3);
    int perWord = 32 / bits;
    int mask = (1 << bits) - 1;

    for (int i = 0; i < SUMS; i++) {
      totals[i] = 0;
    }
    for (int chunk = 0; chunk < columns; chunk += MatrixKernels.CHUNK) {
      for (int i = 0; i < SUMS; i++) {
        sums[i] = 0;
      }
      int end = Math.min(columns, chunk + MatrixKernels.CHUNK);
      for (int first = chunk; first < end; first += STAGE) {
        for (int i = thread; i < STAGE * ROWS; i += THREADS) {
          int row = Math.min(rows - 1, firstRow + i / STAGE);
          xs[i % STAGE * ROW_STRIDE + i / STAGE] = x.get(row * xStride + first + i % STAGE);
        }
        for (int i = thread; i < STAGE * OUTPUTS; i += THREADS) {
          int k = first + i / OUTPUTS;
          float w = 0;
          if (bits == 32) {
            w = floats.get(data + (local * columns + k) * PANEL + lane);
          } else {
            int scale = scales + (local * (columns / group) + k / group) * 2 * PANEL + lane;
            int word = codes.get(data + (local * (columns / perWord) + k / perWord) * PANEL + lane);
            int code = (word >> (k % perWord * bits)) & mask;
            w = code * floats.get(scale) + floats.get(scale + PANEL);
          }
          ws[i] = w;
        }
        c.localBarrier();
        for (int k = 0; k < STAGE; k++) {
          for (int row = 0; row < THREAD_ROWS; row++) {
            float factor = xs[k * ROW_STRIDE + threadRow + row];
            for (int panel = 0; panel < PANELS; panel++) {
              float w = ws[k * OUTPUTS + panel * PANEL + lane];
              sums[row * PANELS + panel] = sums[row * PANELS + panel] + w * factor;
            }
          }
        }
        c.localBarrier();
      }
      for (int i = 0; i < SUMS; i++) {
        totals[i] = totals[i] + sums[i];
      }
    }
    for (int i = 0; i < SUMS; i++) {
      int row = firstRow + threadRow + i / PANELS;
      int panel = firstPanel + i % PANELS;
      if (row < rows && panel < panels) {
        int target = row * outStride + panel * PANEL + lane;
        float before = 0;
        if (add == 1) {
          before = out.get(target);
        }
        out.set(target, before + totals[i]);
      }
    }
  }
}
