package io.gibbon.runtime.kernel;

import io.gibbon.runtime.model.Tensor;
import io.gibbon.runtime.model.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/**
 * ggml's block formats, read number by number in binary64 from their definition in {@code
 * ggml-common.h}, and rounded once.
 */
final class Ggml {

  /** Binary16 scales: zero, the least and the greatest, negative ones. */
  private static final short[] EDGES = {
    0, (short) 0x8000, 1, (short) 0x8001, 0x03ff, 0x0400, 0x7bff, (short) 0xfbff, 0x3c00
  };

  private Ggml() {}

  /** Random blocks whose numbers are finite; every fourth has a scale at the edge of binary16. */
  static byte[] random(TensorType type, int numbers, Random random) {
    int blocks = numbers / type.blockLength();
    byte[] bytes = new byte[blocks * type.blockBytes()];
    random.nextBytes(bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int block = 0; block < blocks; block++) {
      int at = block * type.blockBytes();
      switch (type) {
        case F32 -> buffer.putFloat(at, (float) random.nextGaussian());
        case F16 -> buffer.putShort(at, scale(random));
        case BF16 -> buffer.putShort(at, (short) (Float.floatToIntBits(random.nextFloat()) >> 16));
        case Q4_0, Q5_0, Q8_0 -> buffer.putShort(at, scale(random));
        case Q4_1, Q5_1, Q4_K, Q5_K ->
            buffer.putShort(at, scale(random)).putShort(at + 2, scale(random));
        case Q6_K -> buffer.putShort(at + 208, scale(random));
      }
    }
    return bytes;
  }

  private static short scale(Random random) {
    return random.nextInt(4) == 0
        ? EDGES[random.nextInt(EDGES.length)]
        : Float.floatToFloat16((float) random.nextGaussian());
  }

  /** The numbers of one row. */
  static float[] row(Tensor tensor, int row) {
    ByteBuffer bytes = tensor.data().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    float[] numbers = new float[tensor.columns()];
    TensorType type = tensor.type();
    for (int i = 0; i < numbers.length; i++) {
      int index = row * tensor.columns() + i;
      int at = index / type.blockLength() * type.blockBytes();
      numbers[i] = number(bytes, type, at, index % type.blockLength());
    }
    return numbers;
  }

  private static float number(ByteBuffer bytes, TensorType type, int at, int i) {
    return switch (type) {
      case F32 -> bytes.getFloat(at);
      case F16 -> (float) half(bytes, at);
      case BF16 -> Float.intBitsToFloat(bytes.getShort(at) << 16);
      case Q8_0 -> (float) (half(bytes, at) * bytes.get(at + 2 + i));
      case Q4_0 -> (float) (half(bytes, at) * (nibble(bytes, at + 2, i) - 8) + 0.0);
      case Q4_1 -> (float) (half(bytes, at) * nibble(bytes, at + 4, i) + half(bytes, at + 2));
      case Q5_0 ->
          (float) (half(bytes, at) * (nibble(bytes, at + 6, i) + fifth(bytes, at + 2, i) - 16));
      case Q5_1 ->
          (float)
              (half(bytes, at) * (nibble(bytes, at + 8, i) + fifth(bytes, at + 4, i))
                  + half(bytes, at + 2));
      case Q4_K -> superBlock(bytes, at, i, nibble64(bytes, at + 16, i));
      case Q5_K ->
          superBlock(
              bytes,
              at,
              i,
              nibble64(bytes, at + 48, i) + (bytes.get(at + 16 + i % 32) >> (i / 32) & 1) * 16);
      case Q6_K -> {
        int low = bytes.get(at + i / 128 * 64 + i % 64) >> (i % 128 < 64 ? 0 : 4) & 15;
        int high = bytes.get(at + 128 + i / 128 * 32 + i % 32) >> (i % 128 / 32 * 2) & 3;
        double scale = half(bytes, at + 208) * bytes.get(at + 192 + i / 16);
        yield (float) (scale * (low + 16 * high - 32));
      }
    };
  }

  /** Scales and minima of 6 bits: four and four whole ones, then nibbles with their upper bits. */
  private static float superBlock(ByteBuffer bytes, int at, int i, int code) {
    int[] q = new int[12];
    for (int k = 0; k < q.length; k++) {
      q[k] = bytes.get(at + 4 + k) & 0xff;
    }
    int j = i / 32;
    int scale = j < 4 ? q[j] % 64 : q[j + 4] % 16 + q[j - 4] / 64 * 16;
    int minimum = j < 4 ? q[j + 4] % 64 : q[j + 4] / 16 + q[j] / 64 * 16;
    return (float) (half(bytes, at) * scale * code - half(bytes, at + 2) * minimum);
  }

  private static double half(ByteBuffer bytes, int at) {
    return Float.float16ToFloat(bytes.getShort(at));
  }

  private static int nibble(ByteBuffer bytes, int at, int i) {
    return bytes.get(at + i % 16) >> (i < 16 ? 0 : 4) & 15;
  }

  private static int nibble64(ByteBuffer bytes, int at, int i) {
    return bytes.get(at + i / 64 * 32 + i % 32) >> (i % 64 < 32 ? 0 : 4) & 15;
  }

  private static int fifth(ByteBuffer bytes, int at, int i) {
    return (bytes.getInt(at) >> i & 1) * 16;
  }
}
