package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What follows {@link AttentionKernels}: APE's merge in the order of the spans, and the shares. */
final class MergeKernels {

  /** Threads of a work-group that merges. */
  static final int THREADS = 64;

  private MergeKernels() {}

  /**
   * Merges the partial results of a row and head: those of the contexts, those of the others, then
   * both. The grid is heads times {@value #THREADS} by rows.
   *
   * @param weights receives for each row and head the log-sum-exp and the weight of the contexts
   */
  static void merge(
      KernelContext c,
      IntArray table,
      IntArray plan,
      FloatArray step,
      FloatArray partial,
      FloatArray out,
      FloatArray weights) {
    int head = c.groupIdx;
    int row = c.groupIdy;
    int heads = table.get(ModelTable.HEADS);
    int dim = table.get(ModelTable.HEAD_DIM);
    int stride = dim + 2;
    int entry = plan.get(StepTable.ROW_TABLE) + row * StepTable.ROW;
    int spans = plan.get(entry + StepTable.SPANS);
    int contextSpans = plan.get(entry + StepTable.CONTEXT_SPANS);
    int first = (plan.get(entry + StepTable.PARTIALS) + head * spans) * stride;

    float contextMax = Float.NEGATIVE_INFINITY;
    float otherMax = Float.NEGATIVE_INFINITY;
    for (int span = 0; span < spans; span++) {
      float max = partial.get(first + span * stride + dim);
      if (span < contextSpans) {
        contextMax = Math.max(contextMax, max);
      } else {
        otherMax = Math.max(otherMax, max);
      }
    }
    float contextSum = 0;
    float otherSum = 0;
    for (int span = 0; span < spans; span++) {
      float max = partial.get(first + span * stride + dim);
      float sum = partial.get(first + span * stride + dim + 1);
      if (sum > 0) {
        if (span < contextSpans) {
          contextSum = contextSum + sum * TornadoMath.exp(max - contextMax);
        } else {
          otherSum = otherSum + sum * TornadoMath.exp(max - otherMax);
        }
      }
    }
    float logSumExp = Float.NEGATIVE_INFINITY;
    float contextWeight = 0;
    if (contextSum > 0) {
      logSumExp = contextMax + TornadoMath.log(contextSum);
      contextWeight = 1;
      if (otherSum > 0) {
        float other = otherMax + TornadoMath.log(otherSum);
        contextWeight =
            1 / (1 + TornadoMath.exp(other - step.get(StepTable.SCALES + 2 * row + 1) * logSumExp));
      }
    }
    for (int d = c.localIdx; d < dim; d += THREADS) {
      float value = 0;
      for (int span = 0; span < spans; span++) {
        float max = partial.get(first + span * stride + dim);
        float sum = partial.get(first + span * stride + dim + 1);
        if (sum > 0) {
          float factor;
          if (span < contextSpans) {
            factor = contextWeight * (TornadoMath.exp(max - contextMax) / contextSum);
          } else {
            factor = (1 - contextWeight) * (TornadoMath.exp(max - otherMax) / otherSum);
          }
          value = value + factor * partial.get(first + span * stride + d);
        }
      }
      out.set((row * heads + head) * dim + d, value);
    }
    if (c.localIdx == 0) {
      weights.set(2 * (row * heads + head), logSumExp);
      weights.set(2 * (row * heads + head) + 1, contextWeight);
    }
  }

  /**
   * Adds a layer's attention shares: one thread for each cell of the share table, which asks for
   * the share of one context piece in one row, of one head or summed over all.
   */
  static void share(
      KernelContext c,
      IntArray counter,
      IntArray table,
      IntArray plan,
      FloatArray pieces,
      FloatArray weights,
      FloatArray shares) {
    int index = c.globalIdx;
    if (index < plan.get(StepTable.CELLS)) {
      int heads = table.get(ModelTable.HEADS);
      int layer = counter.get(0);
      int cell = plan.get(StepTable.CELL_TABLE) + index * StepTable.CELL;
      int row = plan.get(cell + StepTable.CELL_ROW);
      int piece = plan.get(cell + StepTable.CELL_PIECE);
      int only = plan.get(cell + StepTable.CELL_HEAD);
      float sum = 0;
      if (layer > 0) {
        sum = shares.get(index);
      }
      for (int head = 0; head < heads; head++) {
        float logSumExp = pieces.get(piece + head);
        boolean wanted = only < 0 || only == layer * heads + head;
        if (wanted && logSumExp > Float.NEGATIVE_INFINITY) {
          int at = 2 * (row * heads + head);
          sum = sum + weights.get(at + 1) * TornadoMath.exp(logSumExp - weights.get(at));
        }
      }
      shares.set(index, sum);
    }
  }
}
