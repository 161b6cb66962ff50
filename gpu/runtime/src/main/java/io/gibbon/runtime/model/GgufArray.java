package io.gibbon.runtime.model;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * An array of a GGUF file's metadata, decoded only when asked for. Its bounds were checked when the
 * file was opened.
 *
 * @param type GGUF type of the elements, never ARRAY
 * @param count number of elements
 * @param data the elements as they lie in the file
 */
record GgufArray(GgufType type, int count, MemorySegment data) {

  String[] strings() {
    String[] values = new String[count];
    long at = 0;
    for (int i = 0; i < count; i++) {
      int length = (int) data.get(GgufReader.LONG, at);
      byte[] utf8 = new byte[length];
      MemorySegment.copy(data, at + Long.BYTES, MemorySegment.ofArray(utf8), 0, length);
      values[i] = new String(utf8, StandardCharsets.UTF_8);
      at += Long.BYTES + length;
    }
    return values;
  }

  int[] ints() {
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = data.get(GgufReader.INT, (long) i * Integer.BYTES);
    }
    return values;
  }

  float[] floats() {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.intBitsToFloat(data.get(GgufReader.INT, (long) i * Integer.BYTES));
    }
    return values;
  }
}
