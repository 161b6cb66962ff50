package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What a forward pass does row by row on the device, between products and attention. */
final class RowKernels {

  /** Threads of a work-group. */
  static final int THREADS = 64;

  private RowKernels() {}

  /**
   * Rows of the embedding, scaled; begins the first layer. One work-group a row.
   *
   * @param pool not used, as the other pools: graphs that run after this one share them
   */
  static void embed(
      KernelContext c,
      IntArray counter,
      IntArray table,
      IntArray plan,
      IntArray codes,
      FloatArray floats,
      FloatArray step,
      FloatArray hidden,
      FloatArray pool,
      ByteArray codePool,
      FloatArray scalePool) {
    int row = c.groupIdx;
    int width = table.get(ModelTable.WIDTH);
    int bits = table.get(ModelTable.EMBEDDING_BITS);
    int group = table.get(ModelTable.EMBEDDING_GROUP);
    int data = table.get(ModelTable.EMBEDDING_DATA);
    int scales = table.get(ModelTable.EMBEDDING_SCALES);
    int token = plan.get(plan.get(StepTable.ROW_TABLE) + row * StepTable.ROW + StepTable.TOKEN);
    int panel = token / MatrixKernels.PANEL;
    int lane = token % MatrixKernels.PANEL;
    float factor = step.get(StepTable.EMBEDDING_SCALE);
    for (int k = c.localIdx; k < width; k += THREADS) {
      float w;
      if (bits == 32) {
        w = floats.get(data + (panel * width + k) * MatrixKernels.PANEL + lane);
      } else {
        int perWord = 32 / bits;
        int scale = scales + (panel * (width / group) + k / group) * 2 * MatrixKernels.PANEL + lane;
        int word =
            codes.get(
                data + (panel * (width / perWord) + k / perWord) * MatrixKernels.PANEL + lane);
        int code = (word >>> (k % perWord * bits)) & ((1 << bits) - 1);
        w = code * floats.get(scale) + floats.get(scale + MatrixKernels.PANEL);
      }
      hidden.set(row * width + k, w * factor);
    }
    if (row == 0 && c.localIdx == 0) {
      counter.set(0, 0);
      counter.set(1, 0);
    }
  }

  /**
   * {@code out = rmsNorm(x) * weight}, one work-group a row.
   *
   * @param vector which of a record's vectors is the weight
   */
  static void norm(
      KernelContext c,
      IntArray counter,
      IntArray table,
      FloatArray step,
      FloatArray floats,
      FloatArray x,
      FloatArray out,
      int vector) {
    float[] squares = c.allocateFloatLocalArray(THREADS);
    int width = table.get(ModelTable.WIDTH);
    int from = c.groupIdx * width;
    int weight = table.get(ModelTable.HEADER + counter.get(0) * ModelTable.RECORD + vector);
    float own = 0;
    for (int k = c.localIdx; k < width; k += THREADS) {
      float v = x.get(from + k);
      own = own + v * v;
    }
    squares[c.localIdx] = own;
    c.localBarrier();
    float sum = 0;
    for (int i = 0; i < THREADS; i++) {
      sum = sum + squares[i];
    }
    float factor = 1 / TornadoMath.sqrt(sum / width + step.get(StepTable.EPSILON));
    for (int k = c.localIdx; k < width; k += THREADS) {
      out.set(from + k, x.get(from + k) * factor * floats.get(weight + k));
    }
  }

  /** {@code hidden += rmsNorm(x) * weight} where the record has that vector, else {@code x}. */
  static void addNormed(
      KernelContext c,
      IntArray counter,
      IntArray table,
      FloatArray step,
      FloatArray floats,
      FloatArray x,
      FloatArray hidden,
      int vector) {
    float[] squares = c.allocateFloatLocalArray(THREADS);
    int width = table.get(ModelTable.WIDTH);
    int from = c.groupIdx * width;
    int weight = table.get(ModelTable.HEADER + counter.get(0) * ModelTable.RECORD + vector);
    float own = 0;
    for (int k = c.localIdx; k < width; k += THREADS) {
      float v = x.get(from + k);
      own = own + v * v;
    }
    squares[c.localIdx] = own;
    c.localBarrier();
    float sum = 0;
    for (int i = 0; i < THREADS; i++) {
      sum = sum + squares[i];
    }
    float factor = 1 / TornadoMath.sqrt(sum / width + step.get(StepTable.EPSILON));
    for (int k = c.localIdx; k < width; k += THREADS) {
      float v = x.get(from + k);
      float update = weight < 0 ? v : v * factor * floats.get(weight + k);
      hidden.set(from + k, hidden.get(from + k) + update);
    }
  }

  /** The norm behind the last layer, of the next few rows whose logits are wanted. */
  static void normWanted(
      KernelContext c,
      IntArray counter,
      IntArray table,
      IntArray plan,
      FloatArray step,
      FloatArray floats,
      FloatArray hidden,
      FloatArray out) {
    float[] squares = c.allocateFloatLocalArray(THREADS);
    int width = table.get(ModelTable.WIDTH);
    int last = plan.get(StepTable.WANTED) - 1;
    int index = Math.min(last, counter.get(1) * StepTable.LOGIT_ROWS + c.groupIdx);
    int from = plan.get(plan.get(StepTable.WANTED_TABLE) + index) * width;
    int to = c.groupIdx * width;
    int weight =
        table.get(
            ModelTable.HEADER + counter.get(0) * ModelTable.RECORD + ModelTable.ATTENTION_NORM);
    float own = 0;
    for (int k = c.localIdx; k < width; k += THREADS) {
      float v = hidden.get(from + k);
      own = own + v * v;
    }
    squares[c.localIdx] = own;
    c.localBarrier();
    float sum = 0;
    for (int i = 0; i < THREADS; i++) {
      sum = sum + squares[i];
    }
    float factor = 1 / TornadoMath.sqrt(sum / width + step.get(StepTable.EPSILON));
    for (int k = c.localIdx; k < width; k += THREADS) {
      out.set(to + k, hidden.get(from + k) * factor * floats.get(weight + k));
    }
  }

  /** {@code gate = activation(gate) * up}, a thread for each of the rows' numbers. */
  static void gate(KernelContext c, IntArray table, IntArray plan, FloatArray gateUp) {
    int width = table.get(ModelTable.FEED_FORWARD);
    int row = c.globalIdx / width;
    int at = row * 2 * width + c.globalIdx % width;
    if (row < plan.get(StepTable.ROWS)) {
      float x = gateUp.get(at);
      float power = x;
      if (table.get(ModelTable.GELU) == 1) {
        power = 1.5957691216057308f * (x + 0.044715f * x * x * x);
      }
      gateUp.set(at, x / (1 + TornadoMath.exp(-power)) * gateUp.get(at + width));
    }
  }

  /** The next layer, or the next few rows of logits. One thread. */
  static void advance(KernelContext c, IntArray counter, int index) {
    if (c.globalIdx == 0) {
      counter.set(index, counter.get(index) + 1);
    }
  }
}
