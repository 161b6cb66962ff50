package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** How a device multiplies by weights. All of them compute the same bits. */
enum Products {

  /** A thread a panel: {@link LaneKernels}. */
  LANES(1, 1, MatrixKernels.ROWS),

  /** A work-group a panel, with local memory: {@link MatrixKernels}. */
  GROUPS(MatrixKernels.THREADS, 1, MatrixKernels.ROWS),

  /** A work-group a tile of many rows, with local memory: {@link TileKernels}. */
  TILES(TileKernels.THREADS, TileKernels.PANELS, TileKernels.ROWS);

  private final int threads;
  private final int panels;
  private final int rows;

  Products(int threads, int panels, int rows) {
    this.threads = threads;
    this.panels = panels;
    this.rows = rows;
  }

  /** What is best for few rows on a device. */
  static Products of(TornadoDevice device) {
    return device.getDeviceType() == TornadoDeviceType.CPU ? LANES : GROUPS;
  }

  /** What goes with it for {@link TileKernels#LEAST_ROWS} rows and more. */
  Products forMany() {
    return this == GROUPS ? TILES : this;
  }

  /** Threads of a work-group. */
  int threads() {
    return threads;
  }

  /** Panels that a work-group computes. */
  int panels() {
    return panels;
  }

  /** Rows that a work-group computes. */
  int rows() {
    return rows;
  }

  /**
   * Adds a product to a graph.
   *
   * @param operation index of the operation in the {@link ModelTable}
   * @param count which number of the {@link StepTable}'s header tells the rows
   */
  void addTo(
      TaskGraph graph,
      String name,
      KernelContext context,
      DeviceArrays arrays,
      FloatArray x,
      FloatArray out,
      int operation,
      int count) {
    switch (this) {
      case LANES ->
          graph.task(
              name,
              LaneKernels::multiply,
              context,
              arrays.counter,
              arrays.table,
              arrays.stepInts,
              arrays.codes,
              arrays.floats,
              x,
              out,
              operation,
              count);
      case GROUPS ->
          graph.task(
              name,
              MatrixKernels::multiply,
              context,
              arrays.counter,
              arrays.table,
              arrays.stepInts,
              arrays.codes,
              arrays.floats,
              x,
              out,
              operation,
              count);
      case TILES ->
          graph.task(
              name,
              TileKernels::multiply,
              context,
              arrays.counter,
              arrays.table,
              arrays.stepInts,
              arrays.codes,
              arrays.floats,
              x,
              out,
              operation,
              count);
    }
  }
}
