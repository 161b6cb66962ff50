package io.gibbon.runtime.kernel;

import java.util.List;

/**
 * Products of activations and packed weights, spread over the workers. One thread at a time.
 *
 * <p>A few rows read packed codes directly. More rows unpack a piece of a few panels at a time into
 * scratch that stays in the caches and use it for all of them, panel by panel. Both give the same
 * bits.
 */
public final class Matmul {

  /** The most blocks of a panel unpacked at a time: 18 KiB, which the first-level cache holds. */
  private static final int MOST_BLOCKS = 9;

  /** Panels unpacked at a time: enough for four vectors of any width. */
  private static final int PANELS = 4;

  private static final int PANEL_FLOATS = MOST_BLOCKS * PackedMatrix.BLOCK * PackedMatrix.PANEL;

  /**
   * Rows that a panel is used for before the next one is unpacked: their slice stays in the
   * second-level cache.
   */
  private static final int ROWS = 256;

  /** The most rows for which codes are read directly: measured, where both take as long. */
  private static final int FEW_ROWS = 8;

  /** Tasks for each worker, for an even end. */
  private static final int TASKS_PER_WORKER = 16;

  private final Kernels kernels;
  private final Workers workers;
  private final float[][] scratch;

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
    int panels = 0;
    for (PackedMatrix weight : weights) {
      panels += weight.panels();
    }
    int tasks = workers.count() * TASKS_PER_WORKER;
    int chunk = Math.max(4, (panels / tasks + 3) / 4 * 4);
    int total = panels;
    workers.forEach(
        (panels + chunk - 1) / chunk,
        (index, worker) -> {
          int from = index * chunk;
          multiplyPanels(
              x,
              xStride,
              rows,
              weights,
              from,
              Math.min(total, from + chunk),
              out,
              outStride,
              worker);
        });
  }

  private void multiplyPanels(
      float[] x,
      int xStride,
      int rows,
      List<PackedMatrix> weights,
      int from,
      int to,
      float[] out,
      int outStride,
      int worker) {
    int first = 0;
    // By index: an iterator for each task would be most of what a token leaves on the heap.
    for (int i = 0; i < weights.size(); i++) {
      PackedMatrix weight = weights.get(i);
      int fromPanel = Math.max(0, from - first);
      int toPanel = Math.min(weight.panels(), to - first);
      if (fromPanel < toPanel) {
        int column = first * PackedMatrix.PANEL;
        if (rows <= FEW_ROWS && weight.encoding().scales() > 0) {
          kernels.multiplyPacked(
              weight, fromPanel, toPanel, x, 0, xStride, rows, out, column, outStride);
        } else {
          for (int row = 0; row < rows; row += ROWS) {
            int n = Math.min(ROWS, rows - row);
            multiplyRows(
                x,
                row * xStride,
                xStride,
                n,
                weight,
                fromPanel,
                toPanel,
                out,
                row * outStride + column,
                outStride,
                scratch[worker]);
          }
        }
      }
      first += weight.panels();
    }
  }

  private void multiplyRows(
      float[] x,
      int xOffset,
      int xStride,
      int rows,
      PackedMatrix weight,
      int fromPanel,
      int toPanel,
      float[] out,
      int outOffset,
      int outStride,
      float[] unpacked) {
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
            xOffset + k,
            xStride,
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
