package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Queries, keys and values on the device: made ready, stored and loaded. */
final class HeadKernels {

  /** Threads of a work-group. */
  static final int THREADS = 64;

  /** Tokens of a slot of the {@link PagePool}. */
  static final int SLOT = 16;

  private HeadKernels() {}

  /**
   * Adds biases, norms heads where the family does so, rotates queries and keys, and stores keys
   * and values, rounded as the host will round them. One thread for each head of each row.
   *
   * @param fresh receives the rows' keys and values, for the host
   */
  static void prepare(
      KernelContext c,
      IntArray counter,
      IntArray table,
      IntArray plan,
      FloatArray step,
      FloatArray floats,
      FloatArray qkv,
      FloatArray pool,
      FloatArray fresh) {
    int heads = table.get(ModelTable.HEADS);
    int kvHeads = table.get(ModelTable.KV_HEADS);
    int dim = table.get(ModelTable.HEAD_DIM);
    int all = heads + 2 * kvHeads;
    int row = c.globalIdx / all;
    int head = c.globalIdx % all;
    if (row < plan.get(StepTable.ROWS)) {
      int layer = counter.get(0);
      int record = ModelTable.HEADER + layer * ModelTable.RECORD;
      int at = (row * all + head) * dim;
      int bias = table.get(record + ModelTable.BIAS);
      if (bias >= 0) {
        for (int i = 0; i < dim; i++) {
          qkv.set(at + i, qkv.get(at + i) + floats.get(bias + head * dim + i));
        }
      }
      if (head < heads + kvHeads) {
        int weight = table.get(record + ModelTable.QUERY_NORM);
        if (head >= heads) {
          weight = table.get(record + ModelTable.KEY_NORM);
        }
        if (weight >= 0) {
          float sum = 0;
          for (int i = 0; i < dim; i++) {
            float v = qkv.get(at + i);
            sum = sum + v * v;
          }
          float factor = 1 / TornadoMath.sqrt(sum / dim + step.get(StepTable.EPSILON));
          for (int i = 0; i < dim; i++) {
            qkv.set(at + i, qkv.get(at + i) * factor * floats.get(weight + i));
          }
        }
        int pairs = table.get(ModelTable.ROPE_PAIRS);
        int angles = StepTable.ANGLES + row * 4 * pairs;
        if (table.get(record + ModelTable.VISIBLE) != Integer.MAX_VALUE) {
          angles = angles + 2 * pairs;
        }
        int stride = 1;
        int partner = pairs;
        if (table.get(ModelTable.ROPE_ADJACENT) == 1) {
          stride = 2;
          partner = 1;
        }
        for (int i = 0; i < pairs; i++) {
          float cosine = step.get(angles + i);
          float sine = step.get(angles + pairs + i);
          float a = qkv.get(at + i * stride);
          float b = qkv.get(at + i * stride + partner);
          qkv.set(at + i * stride, a * cosine - b * sine);
          qkv.set(at + i * stride + partner, a * sine + b * cosine);
        }
      }
      if (head >= heads) {
        int isValue = (head - heads) / kvHeads;
        int kvHead = (head - heads) % kvHeads;
        int entry = plan.get(StepTable.ROW_TABLE) + row * StepTable.ROW;
        int lane = plan.get(entry + StepTable.OWN_INDEX) % SLOT;
        int layers = table.get(ModelTable.LAYERS);
        int block = (plan.get(entry + StepTable.OWN_SLOT) * layers + layer) * kvHeads + kvHead;
        int target = (block * 2 + isValue) * SLOT * dim;
        int copy = (((row * layers + layer) * kvHeads + kvHead) * 2 + isValue) * dim;
        for (int i = 0; i < dim; i++) {
          float v = qkv.get(at + i);
          float half = rounded(v);
          if (table.get(ModelTable.HALVES) == 1) {
            v = half;
          }
          if (isValue == 1) {
            pool.set(target + lane * dim + i, v);
          } else {
            pool.set(target + i * SLOT + lane, v);
          }
          fresh.set(copy + i, v);
        }
      }
    }
  }

  /** The nearest number of binary16, to even: an addition rounds to a multiple of its spacing. */
  static float rounded(float x) {
    float spacing = 0x1p-24f;
    float end = 0x1p-13f;
    float size = TornadoMath.abs(x);
    for (int i = 0; i < 29; i++) {
      if (size >= end) {
        end = end * 2;
        spacing = spacing * 2;
      }
    }
    float magic = spacing * 0x1.8p23f;
    float sum = x + magic;
    return sum - magic;
  }

  /**
   * Copies pages of codes and their scales into their slots. A work-group a slot.
   *
   * @param pool not used: graphs that run after this one share it
   */
  static void loadCodes(
      KernelContext c,
      IntArray slots,
      ByteArray codes,
      FloatArray scales,
      ByteArray codePool,
      FloatArray scalePool,
      IntArray table,
      FloatArray pool) {
    int count = table.get(ModelTable.LAYERS) * table.get(ModelTable.KV_HEADS) * 2 * SLOT;
    int size = count * table.get(ModelTable.HEAD_DIM);
    int slot = slots.get(c.groupIdx);
    if (slot >= 0) {
      for (int i = c.localIdx; i < size; i += THREADS) {
        codePool.set(slot * size + i, codes.get(c.groupIdx * size + i));
      }
      for (int i = c.localIdx; i < count; i += THREADS) {
        scalePool.set(slot * count + i, scales.get(c.groupIdx * count + i));
      }
    }
  }

  /** Copies pages of floats into their slots. A work-group a slot. */
  static void load(
      KernelContext c, IntArray slots, FloatArray pages, FloatArray pool, IntArray table) {
    int size =
        table.get(ModelTable.LAYERS)
            * table.get(ModelTable.KV_HEADS)
            * 2
            * SLOT
            * table.get(ModelTable.HEAD_DIM);
    int slot = slots.get(c.groupIdx);
    if (slot >= 0) {
      for (int i = c.localIdx; i < size; i += THREADS) {
        pool.set(slot * size + i, pages.get(c.groupIdx * size + i));
      }
    }
  }
}
