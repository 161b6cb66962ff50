package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The greatest logits of rows, so that whole rows need not leave the device. The vocabulary is cut
 * into segments; the host merges what they have found.
 */
final class TopKernels {

  /** Threads of a work-group. */
  static final int THREADS = 64;

  /** Tokens of a segment. */
  static final int SEGMENT = 1024;

  private TopKernels() {}

  /** Segments of a vocabulary. */
  static int segments(int vocabulary) {
    return (vocabulary + SEGMENT - 1) / SEGMENT;
  }

  /** Floats that are found in a segment of a row where so many logits are wanted. */
  static int found(int count) {
    return 1 + 2 * count;
  }

  /**
   * One segment of one row: the grid is segments times {@value #THREADS} by rows.
   *
   * @param out receives for each row and segment the sum of the exponentials relative to the
   *     greatest logit, or to 0 if none is a number; then the greatest logits, each with its index
   *     in the segment, or -1 where there are no more
   */
  static void top(
      KernelContext c, IntArray table, IntArray plan, FloatArray logits, FloatArray out) {
    float[] values = c.allocateFloatLocalArray(THREADS);
    int[] indices = c.allocateIntLocalArray(THREADS);
    int thread = c.localIdx;
    int count = plan.get(StepTable.TOP);
    int vocabulary = table.get(ModelTable.VOCABULARY);
    int segments = (vocabulary + SEGMENT - 1) / SEGMENT;
    int output =
        ModelTable.HEADER
            + table.get(ModelTable.LAYERS) * ModelTable.RECORD
            + ModelTable.OPERATIONS;
    int from = c.groupIdy * table.get(output + 2) + c.groupIdx * SEGMENT;
    int end = Math.min(SEGMENT, vocabulary - c.groupIdx * SEGMENT);
    int target = (c.groupIdy * segments + c.groupIdx) * (1 + 2 * count);

    float greatest = 0;
    float last = Float.POSITIVE_INFINITY;
    int lastIndex = -1;
    for (int rank = 0; rank < count; rank++) {
      float own = Float.NEGATIVE_INFINITY;
      int ownIndex = -1;
      for (int i = thread; i < end; i += THREADS) {
        float value = logits.get(from + i);
        if (value > last) {
          value = Float.NEGATIVE_INFINITY;
        }
        if (value == last && i <= lastIndex) {
          value = Float.NEGATIVE_INFINITY;
        }
        if (value > own) {
          own = value;
          ownIndex = i;
        }
      }
      values[thread] = own;
      indices[thread] = ownIndex;
      c.localBarrier();
      float best = Float.NEGATIVE_INFINITY;
      int bestIndex = -1;
      for (int i = 0; i < THREADS; i++) {
        float value = values[i];
        int index = indices[i];
        if (value == best && index < bestIndex) {
          bestIndex = index;
        }
        if (value > best) {
          best = value;
          bestIndex = index;
        }
      }
      c.localBarrier();
      if (rank == 0 && bestIndex >= 0) {
        greatest = best;
      }
      last = best;
      lastIndex = bestIndex;
      if (thread == 0) {
        out.set(target + 1 + 2 * rank, best);
        out.set(target + 2 + 2 * rank, bestIndex);
      }
    }

    float sum = 0;
    for (int i = thread; i < end; i += THREADS) {
      sum = sum + TornadoMath.exp(logits.get(from + i) - greatest);
    }
    values[thread] = sum;
    c.localBarrier();
    if (thread == 0) {
      float total = 0;
      for (int i = 0; i < THREADS; i++) {
        total = total + values[i];
      }
      out.set(target, total);
    }
  }
}
