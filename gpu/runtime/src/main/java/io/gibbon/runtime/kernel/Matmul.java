package io.gibbon.runtime.kernel;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products of activations and packed weights, spread over the workers. One thread at a time.
 *
 * <p>A few rows read packed codes directly. More rows are packed themselves, unpack a piece of a
 * few panels at a time into scratch that stays in the caches, and use it for all of them, panel by
 * panel. Both give the same bits.
 */
public final class Matmul {

  /**
   * The most blocks of a panel unpacked at a time: 36 KiB. Half of it, which the first-level cache
   * holds, is a twentieth slower: sums are then stored and loaded more often.
   */
  private static final int MOST_BLOCKS = 18;

  /** Panels unpacked at a time: enough for four vectors of any width. */
  private static final int PANELS = 4;

  private static final int PANEL_FLOATS = MOST_BLOCKS * PackedMatrix.BLOCK * PackedMatrix.PANEL;

  /**
   * Rows that a panel is used for before the next one is unpacked: their slice stays in the
   * second-level cache.
   */
  private static final int ROWS = 256;

  /** Columns of the rows that are packed together: some lines of the cache for each panel. */
  private static final int PACKED_COLUMNS = 96;

  /** The most rows for which codes are read directly: measured, where both take as long. */
  private static final int FEW_ROWS = 8;

  /** Tasks for each worker, for an even end. */
  private static final int TASKS_PER_WORKER = 16;

  private final Kernels kernels;
  private final Workers workers;
  private final float[][] scratch;
  private float[] packed = new float[0];

  /** A multiplier over these kernels and workers. */
  public Matmul(Kernels kernels, Workers workers) {
    this.kernels = kernels;
    this.workers = workers;
    this.scratch = new float[workers.count()][PANELS * PANEL_FLOATS];
  }

  /**
   * Multiplies rows of {@code x} by one or more weights of the same number of columns; their
   * outputs lie side by side in {@code out}, each from a multiple of 16 columns. Columns up to the
   * next multiple of 16 are overwritten too.
   */
  public void run(
      float[] x, int xStride, int rows, List<PackedMatrix> weights, float[] out, int outStride) {
    boolean direct = rows <= FEW_ROWS && coded(weights);
    if (!direct) {
      pack(x, xStride, rows, weights.getFirst().columns());
    }
    int panels = 0;
    for (int i = 0; i < weights.size(); i++) {
      panels += weights.get(i).panels();
    }
    int tasks = workers.count() * TASKS_PER_WORKER;
    int chunk = Math.max(4, (panels / tasks + 3) / 4 * 4);
    int total = panels;
    workers.forEach(
        (panels + chunk - 1) / chunk,
        (index, worker) -> {
          int from = index * chunk;
          int to = Math.min(total, from + chunk);
          multiplyPanels(
              direct ? x : packed,
              xStride,
              rows,
              weights,
              from,
              to,
              out,
              outStride,
              direct ? null : scratch[worker]);
        });
  }

  // Weights are taken by index: an iterator for each task would be most of what a token leaves on
  // the heap.

  private static boolean coded(List<PackedMatrix> weights) {
    for (int i = 0; i < weights.size(); i++) {
      if (weights.get(i).encoding().scales() == 0) {
        return false;
      }
    }
    return true;
  }

  /** Packs blocks of rows that are multiplied together. */
  private void pack(float[] x, int xStride, int rows, int columns) {
    if (packed.length < Kernels.packedLength(rows, columns)) {
      packed = new float[Kernels.packedLength(rows, columns)];
    }
    float[] target = packed;
    workers.forEach(
        (columns + PACKED_COLUMNS - 1) / PACKED_COLUMNS,
        (index, worker) -> {
          int from = index * PACKED_COLUMNS;
          int to = Math.min(columns, from + PACKED_COLUMNS);
          for (int row = 0; row < rows; row += ROWS) {
            int n = Math.min(ROWS, rows - row);
            kernels.packRows(
                x, row * xStride, xStride, n, from, to, target, row * columns, columns);
          }
        });
  }

  /**
   * @param x rows as they are, or packed
   * @param unpacked scratch for weights, or null where codes are read directly
   */
  private void multiplyPanels(
      float[] x,
      int xStride,
      int rows,
      List<PackedMatrix> weights,
      int from,
      int to,
      float[] out,
      int outStride,
      float @Nullable [] unpacked) {
    int first = 0;
    for (int i = 0; i < weights.size(); i++) {
      PackedMatrix weight = weights.get(i);
      int fromPanel = Math.max(0, from - first);
      int toPanel = Math.min(weight.panels(), to - first);
      int column = first * PackedMatrix.PANEL;
      if (fromPanel < toPanel && unpacked == null) {
        kernels.multiplyPacked(
            weight, fromPanel, toPanel, x, 0, xStride, rows, out, column, outStride);
      } else if (fromPanel < toPanel) {
        for (int row = 0; row < rows; row += ROWS) {
          int n = Math.min(ROWS, rows - row);
          int target = row * outStride + column;
          multiplyRows(x, row, n, weight, fromPanel, toPanel, out, target, outStride, unpacked);
        }
      }
      first += weight.panels();
    }
  }

  private void multiplyRows(
      float[] x,
      int row,
      int rows,
      PackedMatrix weight,
      int fromPanel,
      int toPanel,
      float[] out,
      int outOffset,
      int outStride,
      float[] unpacked) {
    int columns = weight.columns();
    int pieces = (weight.blocks() + MOST_BLOCKS - 1) / MOST_BLOCKS;
    int blocks = (weight.blocks() + pieces - 1) / pieces;
    for (int block = 0; block < weight.blocks(); block += blocks) {
      int toBlock = Math.min(weight.blocks(), block + blocks);
      int k = block * PackedMatrix.BLOCK;
      int depth = (toBlock - block) * PackedMatrix.BLOCK;
      for (int panel = fromPanel; panel < toPanel; panel += PANELS) {
        int panels = Math.min(PANELS, toPanel - panel);
        for (int i = 0; i < panels; i++) {
          kernels.unpack(weight, panel + i, block, toBlock, unpacked, i * PANEL_FLOATS);
        }
        kernels.multiply(
            x,
            row * columns,
            columns,
            k,
            rows,
            unpacked,
            0,
            PANEL_FLOATS,
            panels * PackedMatrix.PANEL,
            depth,
            out,
            outOffset + panel * PackedMatrix.PANEL,
            outStride,
            block > 0);
      }
    }
  }
}
