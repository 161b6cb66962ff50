package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.ModelDescription;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The arrays of a {@link DeviceProgram}, large enough for any step. */
final class DeviceArrays {

  final IntArray table;
  final IntArray codes;
  final FloatArray floats;
  final IntArray counter = new IntArray(2);
  final IntArray stepInts = new IntArray(StepTable.CAPACITY);
  final FloatArray stepFloats;
  final FloatArray hidden;
  final FloatArray normed;
  final FloatArray queryKeyValue;
  final FloatArray attended;
  final FloatArray gateUp;
  final FloatArray pool;
  final FloatArray fresh;
  final FloatArray partial;
  final FloatArray pieces;
  final FloatArray contextWeights;
  final FloatArray shares = new FloatArray(StepTable.MAX_CELLS);
  final FloatArray wanted;
  final FloatArray logits;
  final IntArray loadSlots;
  final FloatArray loadPages;

  /**
   * Allocates them.
   *
   * @param slots pages of KV states that the device keeps
   * @param pagesPerLoad pages that go to the device together
   */
  DeviceArrays(
      ModelDescription model, KvLayout layout, DeviceWeights weights, int slots, int pagesPerLoad) {
    int page = Pages.size(layout);
    int keys = model.kvHeads() * model.headDim();
    this.table = weights.table();
    this.codes = weights.codes();
    this.floats = weights.floats();
    int rows = StepTable.MAX_ROWS;
    int queries = model.heads() * model.headDim();
    this.stepFloats = new FloatArray(StepTable.ANGLES + rows * 2 * model.rope().dimensions());
    this.hidden = new FloatArray(rows * model.width());
    this.normed = new FloatArray(rows * model.width());
    this.queryKeyValue = new FloatArray(rows * (queries + 2 * keys));
    this.attended = new FloatArray(rows * queries);
    this.gateUp = new FloatArray(rows * 2 * model.feedForward());
    this.pool = SparseArray.floats(Math.multiplyExact(slots, page));
    this.fresh = new FloatArray(Math.multiplyExact(rows, model.layers() * 2 * keys));
    this.partial = new FloatArray(StepTable.MAX_PARTIALS * model.heads() * (model.headDim() + 2));
    this.pieces = new FloatArray(StepTable.MAX_SHARE_PIECES * model.heads());
    this.contextWeights = new FloatArray(2 * rows * model.heads());
    this.wanted = new FloatArray(StepTable.LOGIT_ROWS * model.width());
    this.logits = new FloatArray(StepTable.LOGIT_ROWS * weights.outputStride());
    this.loadSlots = new IntArray(pagesPerLoad);
    loadSlots.init(-1);
    this.loadPages = new FloatArray(pagesPerLoad * page);
  }

  /** Those that every graph of a step finds on the device. */
  Object[] ofStep() {
    return new Object[] {counter, table, stepInts, codes, floats, stepFloats, hidden};
  }
}
