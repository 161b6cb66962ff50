package io.gibbon.tornado;

import io.gibbon.runtime.model.ModelDescription;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What a graph of a layer computes, large enough for any step. Each graph has a set of its own:
 * TornadoVM hands an array's buffer on only to graphs that name the one that ran before them, and a
 * step runs one graph of a layer, never one after the other.
 */
final class LayerArrays {

  final FloatArray normed;
  final FloatArray queryKeyValue;
  final FloatArray attended;
  final FloatArray gateUp;
  final FloatArray fresh;
  final FloatArray partial;
  final FloatArray pieces;
  final FloatArray contextWeights;
  final FloatArray shares = new FloatArray(StepTable.MAX_CELLS);

  /** Allocates them. */
  LayerArrays(ModelDescription model) {
    int rows = StepTable.MAX_ROWS;
    int queries = model.heads() * model.headDim();
    int keys = model.kvHeads() * model.headDim();
    this.normed = new FloatArray(rows * model.width());
    this.queryKeyValue = new FloatArray(rows * (queries + 2 * keys));
    this.attended = new FloatArray(rows * queries);
    this.gateUp = new FloatArray(rows * 2 * model.feedForward());
    this.fresh = new FloatArray(Math.multiplyExact(rows, model.layers() * 2 * keys));
    this.partial = new FloatArray(StepTable.MAX_PARTIALS * model.heads() * (model.headDim() + 2));
    this.pieces = new FloatArray(StepTable.MAX_SHARE_PIECES * model.heads());
    this.contextWeights = new FloatArray(2 * rows * model.heads());
  }

  /** All of them. */
  Object[] all() {
    return new Object[] {
      fresh, shares, normed, queryKeyValue, attended, gateUp, partial, pieces, contextWeights
    };
  }
}
