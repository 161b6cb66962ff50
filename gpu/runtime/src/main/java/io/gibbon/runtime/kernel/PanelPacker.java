package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.PackedMatrix.BLOCK;
import static io.gibbon.runtime.kernel.PackedMatrix.PANEL;

import io.gibbon.runtime.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Turns ggml's row-major blocks into the panels of {@link PackedMatrix}. */
final class PanelPacker {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private PanelPacker() {}

  /** The words of one panel; rows past the tensor's last are zero. */
  static int[] pack(Tensor tensor, PackedMatrix.Encoding encoding, int panel) {
    int blocks = tensor.columns() / BLOCK;
    int blockWords = encoding.blockWords() * PANEL;
    int sourceBlockBytes = BLOCK / tensor.type().blockLength() * tensor.type().blockBytes();
    int rowBytes = blocks * sourceBlockBytes;
    int[] words = new int[blocks * blockWords];
    byte[] row = new byte[rowBytes];
    int lanes = Math.min(PANEL, tensor.rows() - panel * PANEL);
    for (int lane = 0; lane < lanes; lane++) {
      long from = (long) (panel * PANEL + lane) * rowBytes;
      MemorySegment.copy(tensor.data(), ValueLayout.JAVA_BYTE, from, row, 0, rowBytes);
      for (int block = 0; block < blocks; block++) {
        int source = block * sourceBlockBytes;
        int target = block * blockWords + lane;
        switch (tensor.type()) {
          case Q4_0 -> packQ4(row, source, source + 2, 0, words, target);
          case Q4_1 -> packQ4(row, source, source + 4, source + 2, words, target);
          case Q8_0 -> packQ8(row, source, words, target);
          case F16, BF16 -> copyWords(row, source, BLOCK / 2, words, target);
          case F32 -> copyWords(row, source, BLOCK, words, target);
        }
      }
    }
    return words;
  }

  /**
   * {@code minimum} is where the block's minimum lies, or 0 for Q4_0, whose codes stand for code -
   * 8.
   */
  private static void packQ4(
      byte[] row, int scale, int codes, int minimum, int[] words, int target) {
    float d = half(row, scale);
    words[target] = Float.floatToRawIntBits(d);
    words[target + PANEL] = Float.floatToRawIntBits(minimum == 0 ? -8 * d : half(row, minimum));
    for (int word = 0; word < 4; word++) {
      int shift = word < 2 ? 0 : 4;
      int first = codes + word % 2 * 8;
      int packed = 0;
      for (int i = 0; i < 8; i++) {
        packed |= ((row[first + i] >>> shift) & 15) << (4 * i);
      }
      words[target + (2 + word) * PANEL] = packed;
    }
  }

  private static void packQ8(byte[] row, int source, int[] words, int target) {
    words[target] = Float.floatToRawIntBits(half(row, source));
    copyWords(row, source + 2, BLOCK / 4, words, target + PANEL);
  }

  private static void copyWords(byte[] row, int source, int count, int[] words, int target) {
    for (int i = 0; i < count; i++) {
      words[target + i * PANEL] = (int) INT.get(row, source + i * Integer.BYTES);
    }
  }

  private static float half(byte[] row, int offset) {
    return Float.float16ToFloat((short) SHORT.get(row, offset));
  }
}
