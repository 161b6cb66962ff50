package io.gibbon.tornado;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import java.lang.foreign.Arena;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/**
 * A device that models can run on.
 *
 * @param handle as TornadoVM knows it
 * @param products how it multiplies by weights
 */
record Device(TornadoDevice handle, Products products) {

  /** A device that multiplies as is best for it. */
  Device(TornadoDevice handle) {
    this(handle, Products.of(handle));
  }

  /** Part of the device's memory that pages of KV states may take. */
  private static final double PAGES = 0.4;

  /** Whether it is a GPU, rather than the CPU by another name. */
  boolean isGpu() {
    return handle.getDeviceType() == TornadoDeviceType.GPU;
  }

  /** Bytes that may be allocated together: what the device has, or TornadoVM's own limit. */
  long memory() {
    return Math.min(handle.getMaxGlobalMemory(), handle.getMemoryProvider().getHeapSize());
  }

  /**
   * Loads a model, after the kernels have passed the {@link SelfTest}.
   *
   * @throws IllegalStateException if a kernel computes something else than the reference, or has no
   *     room for the model
   */
  Executor load(Model model, KvLayout layout, int threads) {
    AttentionKernels.requireRoom(model.description().headDim());
    try (Workers workers = new Workers(threads);
        Arena arena = Arena.ofShared()) {
      Weights weights = Weights.pack(model, arena, workers);
      boolean normsUpdates = weights.layers().getFirst().downNorm().length > 0;
      new SelfTest(layout.format(), normsUpdates).require(handle, products);
      return new TornadoExecutor(
          model.description(), layout, weights, handle, products, slots(layout));
    }
  }

  private PageSlots slots(KvLayout layout) {
    return PageSlots.fitting(layout, (long) (PAGES * memory()), handle.getMaxAllocMemory());
  }

  @Override
  public String toString() {
    return "%s, %s, %,d MiB"
        .formatted(
            handle.getPhysicalDevice().getDeviceName(),
            handle.getPlatformName().strip(),
            memory() >> 20);
  }
}
