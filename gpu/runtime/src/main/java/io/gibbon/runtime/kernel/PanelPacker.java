package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.PackedMatrix.BLOCK;
import static io.gibbon.runtime.kernel.PackedMatrix.PANEL;

import io.gibbon.runtime.model.Tensor;
import io.gibbon.runtime.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Turns ggml's row-major blocks into the panels of {@link PackedMatrix}: reads {@value
 * PackedMatrix#BLOCK} columns of a row, which are a block of ggml's, a part of one, or several, and
 * writes them as one block. Not thread-safe; one per panel.
 */
final class PanelPacker {

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The low nibble of each of eight bytes. */
  private static final long NIBBLES = 0x0f0f0f0f0f0f0f0fL;

  private final TensorType type;
  private final PackedMatrix.Encoding encoding;
  private final byte[] row;
  private final byte[] codes = new byte[BLOCK];
  private final int[] words;

  private PanelPacker(Tensor tensor, PackedMatrix.Encoding encoding) {
    this.type = tensor.type();
    this.encoding = encoding;
    this.row = new byte[tensor.columns() / type.blockLength() * type.blockBytes()];
    this.words = new int[tensor.columns() / BLOCK * encoding.blockWords() * PANEL];
  }

  /** The words of one panel; rows past the tensor's last are zero. */
  static int[] pack(Tensor tensor, PackedMatrix.Encoding encoding, int panel) {
    PanelPacker packer = new PanelPacker(tensor, encoding);
    int lanes = Math.min(PANEL, tensor.rows() - panel * PANEL);
    for (int lane = 0; lane < lanes; lane++) {
      packer.packRow(tensor, panel * PANEL + lane, lane);
    }
    return packer.words;
  }

  private void packRow(Tensor tensor, int index, int lane) {
    long from = (long) index * row.length;
    MemorySegment.copy(tensor.data(), ValueLayout.JAVA_BYTE, from, row, 0, row.length);
    for (int column = 0; column < tensor.columns(); column += BLOCK) {
      int source = column / type.blockLength() * type.blockBytes();
      int part = column % type.blockLength() / BLOCK;
      packBlock(source, part, column / BLOCK * encoding.blockWords() * PANEL + lane);
    }
  }

  /**
   * @param source where ggml's block begins in the row
   * @param part which {@value PackedMatrix#BLOCK} of its columns
   * @param target the block's first word of this row
   */
  private void packBlock(int source, int part, int target) {
    switch (type) {
      case Q4_0 -> {
        float scale = half(source);
        readHalves(source + 2);
        putScale(scale, -8 * scale, target);
      }
      case Q4_1 -> {
        readHalves(source + 4);
        putScale(half(source), half(source + 2), target);
      }
      case Q5_0 -> {
        readHalves(source + 6);
        addFifthBits((int) INT.get(row, source + 2), PackedMatrix.CENTRE - 16);
        putScale(half(source), target);
      }
      case Q5_1 -> {
        readHalves(source + 8);
        addFifthBits((int) INT.get(row, source + 4), 0);
        putScale(half(source), half(source + 2), target);
      }
      case Q4_K -> {
        readNibbles(source + 16 + part / 2 * BLOCK, part % 2 * 4);
        putSixBitScale(source, part, target);
      }
      case Q5_K -> {
        readNibbles(source + 48 + part / 2 * BLOCK, part % 2 * 4);
        addHighBits(source + 16, part, 1, 0);
        putSixBitScale(source, part, target);
      }
      case Q6_K -> packQ6K(source, part, target);
      case Q8_0 -> {
        readSigned(source + 2);
        putScale(half(source), target);
      }
      case F16, BF16 -> copyWords(source, BLOCK / 2, target);
      case F32 -> copyWords(source, BLOCK, target);
    }
  }

  /** Columns lie in two halves of 128: nibbles first, then pairs of high bits, then the scales. */
  private void packQ6K(int source, int part, int target) {
    int half = part / 4;
    int quarter = part % 4;
    readNibbles(source + half * 64 + quarter % 2 * BLOCK, quarter / 2 * 4);
    addHighBits(source + 128 + half * BLOCK, quarter * 2, 3, PackedMatrix.CENTRE - 32);
    float factor = half(source + 208);
    for (int group = 0; group < 2; group++) {
      int at = target + group * encoding.groupWords() * PANEL;
      words[at] = Float.floatToRawIntBits(factor * row[source + 192 + 2 * part + group]);
      putCodes(group * encoding.group(), at + PANEL);
    }
  }

  /** 32 codes of 16 bytes: the first half in the low nibbles, the second in the high ones. */
  private void readHalves(int source) {
    for (int i = 0; i < BLOCK / 2; i += Long.BYTES) {
      long bytes = (long) LONG.get(row, source + i);
      LONG.set(codes, i, bytes & NIBBLES);
      LONG.set(codes, i + BLOCK / 2, bytes >>> 4 & NIBBLES);
    }
  }

  /** 32 codes of 32 bytes: all low nibbles, or all high ones. */
  private void readNibbles(int source, int shift) {
    for (int i = 0; i < BLOCK; i += Long.BYTES) {
      LONG.set(codes, i, (long) LONG.get(row, source + i) >>> shift & NIBBLES);
    }
  }

  /** 32 signed codes. */
  private void readSigned(int source) {
    for (int i = 0; i < BLOCK; i++) {
      codes[i] = (byte) (row[source + i] + PackedMatrix.CENTRE);
    }
  }

  /** Adds a code's fifth bit, bit i of a word for code i, and a constant. */
  private void addFifthBits(int bits, int constant) {
    for (int i = 0; i < BLOCK; i++) {
      codes[i] += (byte) ((bits >>> i & 1) * 16 + constant);
    }
  }

  /** Adds the bits from the fifth on, at {@code shift} in byte i for code i, and a constant. */
  private void addHighBits(int source, int shift, int mask, int constant) {
    for (int i = 0; i < BLOCK; i++) {
      codes[i] += (byte) ((row[source + i] >>> shift & mask) * 16 + constant);
    }
  }

  /**
   * Scale and minimum of a part of a block of 256: 12 bytes hold both for eight parts, 6 bits each,
   * the last four parts' upper bits over the first four's.
   */
  private void putSixBitScale(int source, int part, int target) {
    int at = source + 4 + part;
    int scale = part < 4 ? row[at] & 63 : row[at + 4] & 15 | row[at - 4] >> 2 & 48;
    int minimum = part < 4 ? row[at + 4] & 63 : row[at + 4] >> 4 & 15 | row[at] >> 2 & 48;
    putScale(half(source) * scale, -half(source + 2) * minimum, target);
  }

  /** Writes scale, minimum and codes. */
  private void putScale(float scale, float minimum, int target) {
    words[target + PANEL] = Float.floatToRawIntBits(minimum);
    words[target] = Float.floatToRawIntBits(scale);
    putCodes(0, target + 2 * PANEL);
  }

  /** Writes scale and codes. */
  private void putScale(float scale, int target) {
    words[target] = Float.floatToRawIntBits(scale);
    putCodes(0, target + PANEL);
  }

  /** Writes the codes of a group from its first one on. */
  private void putCodes(int first, int target) {
    int perWord = 32 / encoding.bits();
    for (int i = 0; i < encoding.group(); i += perWord) {
      int word = perWord == 8 ? nibbles(i) : (int) INT.get(codes, first + i);
      words[target + i / perWord * PANEL] = word;
    }
  }

  /** Eight codes as the nibbles of a word. */
  private int nibbles(int first) {
    long bytes = (long) LONG.get(codes, first);
    long pairs = (bytes | bytes >>> 4) & 0x00ff00ff00ff00ffL;
    long fours = (pairs | pairs >>> 8) & 0x0000ffff0000ffffL;
    return (int) (fours | fours >>> 16);
  }

  private void copyWords(int source, int count, int target) {
    for (int i = 0; i < count; i++) {
      words[target + i * PANEL] = (int) INT.get(row, source + i * Integer.BYTES);
    }
  }

  private float half(int offset) {
    return Float.float16ToFloat((short) SHORT.get(row, offset));
  }
}
