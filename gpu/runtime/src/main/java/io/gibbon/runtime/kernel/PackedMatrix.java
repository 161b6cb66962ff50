package io.gibbon.runtime.kernel;

import io.gibbon.runtime.model.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A weight matrix in the order in which the kernels read it, off-heap. Immutable once packed and
 * safe for any number of threads.
 *
 * <p>Rows (outputs) are grouped into panels of {@value #PANEL}, columns (inputs) into blocks of
 * {@value #BLOCK}. Panel follows panel, and within a panel block follows block. A block is one
 * group of columns that share a scale, or two. A group is
 *
 * <ol>
 *   <li>the scales of its rows, then their minima, where the {@link Encoding} has them: one float a
 *       row;
 *   <li>words of 32 bits, {@value #PANEL} at a time, one for each row: a word holds the codes of
 *       the row's next {@code 32 / bits} columns, the first one in its lowest bits.
 * </ol>
 *
 * So one vector load brings the same few columns of adjacent rows. No encoding changes a weight's
 * value: codes keep their width or are widened to 8 bits, scales and minima are widened and
 * multiplied out. Rows past the last one are zero.
 *
 * @param name name of the tensor
 * @param rows outputs
 * @param columns inputs, a multiple of {@value #BLOCK}
 * @param encoding how a number is stored
 * @param data the packed bytes, in the machine's byte order
 */
public record PackedMatrix(
    String name, int rows, int columns, Encoding encoding, MemorySegment data) {

  /** Rows of a panel. */
  public static final int PANEL = 16;

  /** Columns of a block. */
  public static final int BLOCK = 32;

  /** The code of zero where there are no minima. */
  static final int CENTRE = 128;

  /** How a packed number is stored; all codes are unsigned. */
  public enum Encoding {
    /** 4-bit codes: scale * code + minimum. 0.75 bytes a number. */
    CODES_4(4, BLOCK, 2),
    /** 8-bit codes: scale * (code - {@value PackedMatrix#CENTRE}). 1.125 bytes a number. */
    CODES_8(8, BLOCK, 1),
    /** As {@link #CODES_8}, with a scale for 16 columns. 1.25 bytes a number. */
    CODES_8_HALVES(8, BLOCK / 2, 1),
    /** 8-bit codes: scale * code + minimum. 1.25 bytes a number. */
    CODES_8_MINIMUM(8, BLOCK, 2),
    /** binary16. */
    F16(16, BLOCK, 0),
    /** bfloat16. */
    BF16(16, BLOCK, 0),
    /** binary32. */
    F32(32, BLOCK, 0);

    private final int bits;
    private final int group;
    private final int scales;

    Encoding(int bits, int group, int scales) {
      this.bits = bits;
      this.group = group;
      this.scales = scales;
    }

    /** Bits of a code. */
    public int bits() {
      return bits;
    }

    /** Columns of a group: those that share a scale. */
    public int group() {
      return group;
    }

    /** Floats that come before a group's codes, for each row: 2 with a minimum, 0 without codes. */
    public int scales() {
      return scales;
    }

    /** Words of a group, for each row, scales included. */
    public int groupWords() {
      return scales + bits * group / 32;
    }

    /** Words of a block, for each row, scales included. */
    public int blockWords() {
      return BLOCK / group * groupWords();
    }
  }

  /** Number of panels, the last one possibly padded. */
  public int panels() {
    return (rows + PANEL - 1) / PANEL;
  }

  /** Number of blocks of a panel. */
  public int blocks() {
    return columns / BLOCK;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return encoding.blockWords() * PANEL * Integer.BYTES;
  }

  /** Where a panel begins. */
  public long panelOffset(int panel) {
    return (long) panel * blocks() * blockBytes();
  }

  /**
   * Repacks a weight.
   *
   * @param arena owns the packed bytes
   * @param workers share the work
   * @throws IllegalArgumentException if the columns are no multiple of {@value #BLOCK}
   */
  public static PackedMatrix pack(Tensor tensor, Arena arena, Workers workers) {
    if (tensor.columns() % BLOCK != 0) {
      throw new IllegalArgumentException(
          "tensor %s has %d columns, which is no multiple of %d"
              .formatted(tensor.name(), tensor.columns(), BLOCK));
    }
    Encoding encoding = encoding(tensor);
    int panels = (tensor.rows() + PANEL - 1) / PANEL;
    int panelWords = tensor.columns() / BLOCK * encoding.blockWords() * PANEL;
    MemorySegment data = arena.allocate((long) panels * panelWords * Integer.BYTES, 64);
    workers.forEach(
        panels,
        (panel, worker) -> {
          int[] words = PanelPacker.pack(tensor, encoding, panel);
          long offset = (long) panel * panelWords * Integer.BYTES;
          MemorySegment.copy(words, 0, data, ValueLayout.JAVA_INT, offset, panelWords);
        });
    return new PackedMatrix(tensor.name(), tensor.rows(), tensor.columns(), encoding, data);
  }

  private static Encoding encoding(Tensor tensor) {
    return switch (tensor.type()) {
      case Q4_0, Q4_1, Q4_K -> Encoding.CODES_4;
      case Q5_0, Q8_0 -> Encoding.CODES_8;
      case Q5_1, Q5_K -> Encoding.CODES_8_MINIMUM;
      case Q6_K -> Encoding.CODES_8_HALVES;
      case F16 -> Encoding.F16;
      case BF16 -> Encoding.BF16;
      case F32 -> Encoding.F32;
    };
  }

  /** Writes the numbers of one row to {@code out}, from {@code offset}. */
  public void row(int row, float[] out, int offset) {
    int panel = row / PANEL;
    int lane = row % PANEL;
    for (int block = 0; block < blocks(); block++) {
      for (int k = 0; k < BLOCK; k++) {
        out[offset + block * BLOCK + k] = value(panel, block, lane, k);
      }
    }
  }

  /** The number of one lane of a panel, at column {@code k} of a block. */
  float value(int panel, int block, int lane, int k) {
    int column = k % encoding.group();
    int group = k / encoding.group() * encoding.groupWords();
    long base = panelOffset(panel) + (long) block * blockBytes() + address(group, lane);
    int perWord = 32 / encoding.bits();
    int word =
        data.get(ValueLayout.JAVA_INT, base + address(encoding.scales() + column / perWord, 0));
    int shift = column % perWord * encoding.bits();
    return switch (encoding) {
      case CODES_4 -> Math.fma((word >>> shift) & 15, scale(base), minimum(base));
      case CODES_8, CODES_8_HALVES -> ((word >>> shift & 255) - CENTRE) * scale(base);
      case CODES_8_MINIMUM -> Math.fma(word >>> shift & 255, scale(base), minimum(base));
      case F16 -> Float.float16ToFloat((short) (word >> shift));
      case BF16 -> Float.intBitsToFloat((word >> shift) << 16);
      case F32 -> Float.intBitsToFloat(word);
    };
  }

  private float scale(long base) {
    return data.get(ValueLayout.JAVA_FLOAT, base);
  }

  private float minimum(long base) {
    return data.get(ValueLayout.JAVA_FLOAT, base + address(1, 0));
  }

  private static long address(int word, int lane) {
    return (long) (word * PANEL + lane) * Integer.BYTES;
  }

  static {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException("big-endian machines are not supported");
    }
  }
}
