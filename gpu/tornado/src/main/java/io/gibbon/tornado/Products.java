package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/** How a device multiplies by weights. All of them compute the same bits. */
enum Products {

  /** A thread a panel: {@link LaneKernels}. */
  LANES(1),

  /** A work-group a panel, with local memory: {@link MatrixKernels}. */
  GROUPS(MatrixKernels.THREADS);

  private final int threads;

  Products(int threads) {
    this.threads = threads;
  }

  /** What is best for a device. */
  static Products of(TornadoDevice device) {
    return device.getDeviceType() == TornadoDeviceType.CPU ? LANES : GROUPS;
  }

  /** Threads of a work-group. */
  int threads() {
    return threads;
  }
}
