package io.gibbon.tornado;

import static io.gibbon.tornado.HeadKernels.SLOT;

import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Turns {@value HeadKernels#SLOT} tokens of host states into a page of floats as the device keeps
 * it: for each layer and head the keys, dimension by dimension with the tokens side by side, then
 * the values, token by token.
 */
final class Pages {

  private Pages() {}

  /** Floats of a page. */
  static int size(KvLayout layout) {
    return layout.layers() * layout.kvHeads() * 2 * SLOT * layout.headDim();
  }

  /**
   * Writes a page.
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
