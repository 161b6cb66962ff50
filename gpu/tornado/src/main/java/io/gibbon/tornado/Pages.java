package io.gibbon.tornado;

import static io.gibbon.tornado.HeadKernels.SLOT;

import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Turns {@value HeadKernels#SLOT} tokens of host states into a page as the device keeps it: for
 * each layer and head the keys, dimension by dimension with the tokens side by side, then the
 * values, token by token. A page of floats holds any states; one of codes the host's own, and their
 * scales beside: for each layer and head those of the keys, then those of the values.
 */
final class Pages {

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private Pages() {}

  /** Numbers of a page. */
  static int size(KvLayout layout) {
    return layout.layers() * layout.kvHeads() * 2 * SLOT * layout.headDim();
  }

  /** Scales of a page of codes. */
  static int scales(KvLayout layout) {
    return layout.layers() * layout.kvHeads() * 2 * SLOT;
  }

  /**
   * Writes a page of codes.
   *
   * @param page which, from 0
   * @param codes receives {@link #size} codes
   * @param outScales receives {@link #scales} scales
   */
  static void readCodes(KvStates states, int page, byte[] codes, float[] outScales) {
    KvLayout layout = states.layout();
    int block = SLOT * layout.headDim();
    int token = page * SLOT;
    int tokens = Math.min(SLOT, states.tokens() - token);
    for (int i = 0; i < layout.layers() * layout.kvHeads(); i++) {
      int layer = i / layout.kvHeads();
      int head = i % layout.kvHeads();
      int at = 2 * i * block;
      long keys = layout.keyOffset(states.tokens(), layer, head, token);
      MemorySegment.copy(states.memory(), BYTE, keys, codes, at, block);
      for (int dim = 0; dim < layout.headDim(); dim += KvLayout.PANEL) {
        long values = layout.valueOffset(states.tokens(), layer, head, token, dim);
        for (int t = 0; t < tokens; t++) {
          int target = at + block + t * layout.headDim() + dim;
          long from = values + (long) t * KvLayout.PANEL;
          MemorySegment.copy(states.memory(), BYTE, from, codes, target, KvLayout.PANEL);
        }
      }
      long keyScales = layout.keyScaleOffset(states.tokens(), layer, head, token);
      long valueScales = layout.valueScaleOffset(states.tokens(), layer, head, token);
      for (int t = 0; t < tokens; t++) {
        long offset = (long) t * Short.BYTES;
        outScales[2 * i * SLOT + t] = scale(states, keyScales + offset);
        outScales[(2 * i + 1) * SLOT + t] = scale(states, valueScales + offset);
      }
    }
  }

  /**
   * Writes a page of floats.
   *
   * @param page which, from 0
   * @param out receives {@link #size} floats
   */
  static void read(KvStates states, int page, float[] out) {
    KvLayout layout = states.layout();
    int block = SLOT * layout.headDim();
    int at = 0;
    for (int layer = 0; layer < layout.layers(); layer++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        readKeys(states, layer, head, page * SLOT, out, at);
        readValues(states, layer, head, page * SLOT, out, at + block);
        at += 2 * block;
      }
    }
  }

  private static void readKeys(
      KvStates states, int layer, int head, int token, float[] out, int at) {
    KvLayout layout = states.layout();
    long keys = layout.keyOffset(states.tokens(), layer, head, token);
    long scales = layout.keyScaleOffset(states.tokens(), layer, head, token);
    for (int i = 0; i < SLOT * layout.headDim(); i++) {
      long scale = scales + i % SLOT * Short.BYTES;
      out[at + i] = number(states, keys, i) * scale(states, scale);
    }
  }

  private static void readValues(
      KvStates states, int layer, int head, int token, float[] out, int at) {
    KvLayout layout = states.layout();
    int tokens = Math.min(SLOT, states.tokens() - token);
    long scales = layout.valueScaleOffset(states.tokens(), layer, head, token);
    for (int dim = 0; dim < layout.headDim(); dim += KvLayout.PANEL) {
      long values = layout.valueOffset(states.tokens(), layer, head, token, dim);
      for (int t = 0; t < tokens; t++) {
        float scale = scale(states, scales + (long) t * Short.BYTES);
        for (int i = 0; i < KvLayout.PANEL; i++) {
          out[at + t * layout.headDim() + dim + i] =
              number(states, values, t * KvLayout.PANEL + i) * scale;
        }
      }
    }
  }

  private static float number(KvStates states, long from, int index) {
    KvFormat format = states.layout().format();
    MemorySegment memory = states.memory();
    long at = from + (long) index * format.bytes();
    return switch (format) {
      case F32 -> memory.get(ValueLayout.JAVA_FLOAT, at);
      case F16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT, at));
      case I8 -> memory.get(ValueLayout.JAVA_BYTE, at);
    };
  }

  private static float scale(KvStates states, long at) {
    return states.layout().format().scaled()
        ? Float.float16ToFloat(states.memory().get(ValueLayout.JAVA_SHORT, at))
        : 1;
  }
}
