package io.gibbon.runtime;

import io.gibbon.runtime.model.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Stores numbers as ggml's types do, by ggml's own reference rounding. */
final class Quantizer {

  private static final int BLOCK = 32;

  private Quantizer() {}

  static byte[] quantize(TensorType type, float[] numbers) {
    int blocks = numbers.length / type.blockLength();
    ByteBuffer out = ByteBuffer.allocate(blocks * type.blockBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int block = 0; block < blocks; block++) {
      int at = block * type.blockLength();
      switch (type) {
        case F32 -> out.putFloat(numbers[at]);
        case F16 -> out.putShort(Float.floatToFloat16(numbers[at]));
        case BF16 -> out.putShort((short) (Float.floatToRawIntBits(numbers[at]) >>> 16));
        case Q8_0 -> q80(numbers, at, out);
        case Q4_0 -> q40(numbers, at, out);
        case Q4_1 -> q41(numbers, at, out);
        default -> throw new IllegalArgumentException("cannot write " + type);
      }
    }
    return out.array();
  }

  private static void q80(float[] numbers, int at, ByteBuffer out) {
    float scale = greatest(numbers, at) / 127;
    out.putShort(Float.floatToFloat16(scale));
    for (int i = 0; i < BLOCK; i++) {
      out.put((byte) (scale == 0 ? 0 : Math.round(numbers[at + i] / scale)));
    }
  }

  private static void q40(float[] numbers, int at, ByteBuffer out) {
    float scale = greatest(numbers, at) / 8;
    codes(numbers, at, out.putShort(Float.floatToFloat16(scale)), scale, -8 * scale);
  }

  private static void q41(float[] numbers, int at, ByteBuffer out) {
    float min = Float.POSITIVE_INFINITY;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < BLOCK; i++) {
      min = Math.min(min, numbers[at + i]);
      max = Math.max(max, numbers[at + i]);
    }
    float scale = (max - min) / 15;
    out.putShort(Float.floatToFloat16(scale)).putShort(Float.floatToFloat16(min));
    codes(numbers, at, out, scale, min);
  }

  /** Codes of 4 bits: the block's first half in the low nibbles, the second in the high ones. */
  private static void codes(float[] numbers, int at, ByteBuffer out, float scale, float min) {
    for (int i = 0; i < BLOCK / 2; i++) {
      int low = code(numbers[at + i], scale, min);
      int high = code(numbers[at + i + BLOCK / 2], scale, min);
      out.put((byte) (low | high << 4));
    }
  }

  private static int code(float number, float scale, float min) {
    return scale == 0 ? 0 : Math.clamp(Math.round((number - min) / scale), 0, 15);
  }

  private static float greatest(float[] numbers, int at) {
    float greatest = 0;
    for (int i = 0; i < BLOCK; i++) {
      greatest = Math.max(greatest, Math.abs(numbers[at + i]));
    }
    return greatest;
  }
}
