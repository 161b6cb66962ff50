package io.gibbon.runtime.kernel;

import io.gibbon.runtime.model.Tensor;
import io.gibbon.runtime.model.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** ggml's block formats, read straight from their definition. */
final class Ggml {

  private Ggml() {}

  /** Random blocks whose numbers are finite. */
  static byte[] random(TensorType type, int numbers, Random random) {
    int blocks = numbers / type.blockLength();
    ByteBuffer bytes =
        ByteBuffer.allocate(blocks * type.blockBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int block = 0; block < blocks; block++) {
      float number = (float) random.nextGaussian();
      switch (type) {
        case F32 -> bytes.putFloat(number);
        case F16 -> bytes.putShort(Float.floatToFloat16(number));
        case BF16 -> bytes.putShort((short) (Float.floatToIntBits(number) >> 16));
        case Q4_0, Q8_0 -> bytes.putShort(Float.floatToFloat16(number));
        case Q4_1 ->
            bytes.putShort(Float.floatToFloat16(number)).putShort(Float.floatToFloat16(-number));
      }
      byte[] codes = new byte[type.blockBytes() - bytes.position() + block * type.blockBytes()];
      random.nextBytes(codes);
      bytes.put(codes);
    }
    return bytes.array();
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
      case F16 -> half(bytes, at);
      case BF16 -> Float.intBitsToFloat(bytes.getShort(at) << 16);
      case Q8_0 -> half(bytes, at) * bytes.get(at + 2 + i);
      case Q4_0 -> half(bytes, at) * (nibble(bytes, at + 2, i) - 8) + 0f;
      case Q4_1 -> Math.fma(half(bytes, at), nibble(bytes, at + 4, i), half(bytes, at + 2));
    };
  }

  private static float half(ByteBuffer bytes, int at) {
    return Float.float16ToFloat(bytes.getShort(at));
  }

  private static int nibble(ByteBuffer bytes, int at, int i) {
    int b = bytes.get(at + i % 16);
    return i < 16 ? b & 15 : b >> 4 & 15;
  }
}
