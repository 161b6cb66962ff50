package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.sampling.TopLogits;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The arrays that graphs of a {@link DeviceProgram} share, large enough for any step. */
final class DeviceArrays {

  final IntArray table;
  final IntArray codes;
  final FloatArray floats;
  final IntArray counter = new IntArray(2);
  final IntArray stepInts = new IntArray(StepTable.CAPACITY);
  final FloatArray stepFloats;
  final FloatArray hidden;
  final FloatArray pool;
  final ByteArray codePool;
  final FloatArray scalePool;
  final FloatArray wanted;
  final FloatArray logits;
  final FloatArray top;
  final IntArray loadSlots;
  final FloatArray loadPages;
  final IntArray loadCodeSlots;
  final ByteArray loadCodes;
  final FloatArray loadScales;

  /**
   * Allocates them.
   *
   * @param slots pages of KV states that the device keeps
   * @param pagesPerLoad pages that go to the device together
   */
  DeviceArrays(
      ModelDescription model,
      KvLayout layout,
      DeviceWeights weights,
      PageSlots slots,
      int pagesPerLoad) {
    int page = Pages.size(layout);
    this.table = weights.table();
    this.codes = weights.codes();
    this.floats = weights.floats();
    int rows = StepTable.MAX_ROWS;
    this.stepFloats = new FloatArray(StepTable.ANGLES + rows * 2 * model.rope().dimensions());
    this.hidden = new FloatArray(rows * model.width());
    int scales = Pages.scales(layout);
    this.pool = SparseArray.floats(Math.multiplyExact(slots.floats(), page));
    // TornadoVM takes no empty arrays.
    int codes = Math.max(1, slots.codes());
    this.codePool = SparseArray.bytes(Math.multiplyExact(codes, page));
    this.scalePool = SparseArray.floats(codes * scales);
    this.wanted = new FloatArray(StepTable.LOGIT_ROWS * model.width());
    this.logits = new FloatArray(StepTable.LOGIT_ROWS * weights.outputStride());
    int found = TopKernels.found(TopLogits.MOST);
    int segments = TopKernels.segments(model.vocabulary());
    this.top = new FloatArray(StepTable.LOGIT_ROWS * segments * found);
    this.loadSlots = new IntArray(pagesPerLoad);
    loadSlots.init(-1);
    this.loadPages = new FloatArray(pagesPerLoad * page);
    this.loadCodeSlots = new IntArray(pagesPerLoad);
    loadCodeSlots.init(-1);
    this.loadCodes = new ByteArray(pagesPerLoad * page);
    this.loadScales = new FloatArray(pagesPerLoad * scales);
  }

  /** Pages of KV states. */
  Object[] pools() {
    return new Object[] {pool, codePool, scalePool};
  }

  /** Those that every graph of a step finds on the device. */
  Object[] ofStep() {
    return new Object[] {counter, table, stepInts, codes, floats, stepFloats, hidden};
  }
}
