package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.PackedMatrix.BLOCK;
import static io.gibbon.runtime.kernel.PackedMatrix.PANEL;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.I;
import static io.gibbon.runtime.kernel.Simd.W;

import io.gibbon.runtime.kernel.PackedMatrix.Encoding;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Unpacks weights to memory.
 *
 * <p>The loops over codes call nothing of ours, see {@link VectorCodes}.
 */
final class VectorWeights {

  private static final int PANEL_BYTES = PANEL * Integer.BYTES;
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private VectorWeights() {}

  /** As {@link Kernels#unpack}. */
  static void unpack(
      PackedMatrix matrix, int panel, int fromBlock, int toBlock, float[] out, int outOffset) {
    long at = matrix.panelOffset(panel) + (long) fromBlock * matrix.blockBytes();
    int end = outOffset + (toBlock - fromBlock) * BLOCK * PANEL;
    switch (matrix.encoding()) {
      case CODES_4 -> unpackCodes4(matrix, at, out, outOffset, end);
      case CODES_8, CODES_8_HALVES, CODES_8_MINIMUM ->
          unpackCodes8(matrix, at, out, outOffset, end);
      case F16, BF16, F32 -> unpackFloats(matrix, at, out, outOffset, end);
    }
  }

  private static void unpackFloats(PackedMatrix matrix, long at, float[] out, int from, int end) {
    MemorySegment data = matrix.data();
    long block = at;
    for (int to = from; to < end; to += BLOCK * PANEL, block += matrix.blockBytes()) {
      for (int lane = 0; lane < PANEL; lane += W) {
        long source = block + lane * Integer.BYTES;
        switch (matrix.encoding()) {
          case F16 -> unpackF16(data, source, out, to + lane);
          case BF16 -> unpackBf16(data, source, out, to + lane);
          default -> unpackF32(data, source, out, to + lane);
        }
      }
    }
  }

  /**
   * Where a group's minima lie, or its scales where there are no minima: a vector that comes from
   * either of two branches would not stay in a register, so both are loaded and multiplied.
   */
  static int minimumAt(Encoding encoding) {
    return encoding.scales() == 2 ? PANEL_BYTES : 0;
  }

  static float minimumFactor(Encoding encoding) {
    return encoding.scales() == 2 ? 1 : -PackedMatrix.CENTRE;
  }

  private static void unpackCodes4(PackedMatrix matrix, long at, float[] out, int from, int end) {
    MemorySegment data = matrix.data();
    Encoding encoding = matrix.encoding();
    int group = encoding.group();
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    long scales = at;
    int to = from;
    while (to < end) {
      long words = scales + encoding.scales() * PANEL_BYTES;
      int groupEnd = to + group * PANEL;
      while (to < groupEnd) {
        for (int lane = 0; lane < PANEL; lane += W) {
          int bytes = lane * Integer.BYTES;
          FloatVector d = FloatVector.fromMemorySegment(F, data, scales + bytes, ORDER);
          FloatVector m =
              FloatVector.fromMemorySegment(F, data, scales + minimumAt + bytes, ORDER)
                  .mul(minimumFactor);
          IntVector w = IntVector.fromMemorySegment(I, data, words + bytes, ORDER);
          FloatVector c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + PANEL);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 2 * PANEL);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 3 * PANEL);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 4 * PANEL);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 5 * PANEL);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 6 * PANEL);
          w = w.lanewise(VectorOperators.LSHR, 4);
          c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 7 * PANEL);
        }
        words += PANEL_BYTES;
        to += 8 * PANEL;
      }
      scales = words;
    }
  }

  private static void unpackCodes8(PackedMatrix matrix, long at, float[] out, int from, int end) {
    MemorySegment data = matrix.data();
    Encoding encoding = matrix.encoding();
    int group = encoding.group();
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    long scales = at;
    int to = from;
    while (to < end) {
      long words = scales + encoding.scales() * PANEL_BYTES;
      int groupEnd = to + group * PANEL;
      while (to < groupEnd) {
        for (int lane = 0; lane < PANEL; lane += W) {
          int bytes = lane * Integer.BYTES;
          FloatVector d = FloatVector.fromMemorySegment(F, data, scales + bytes, ORDER);
          FloatVector m =
              FloatVector.fromMemorySegment(F, data, scales + minimumAt + bytes, ORDER)
                  .mul(minimumFactor);
          IntVector w = IntVector.fromMemorySegment(I, data, words + bytes, ORDER);
          FloatVector c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane);
          w = w.lanewise(VectorOperators.LSHR, 8);
          c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + PANEL);
          w = w.lanewise(VectorOperators.LSHR, 8);
          c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 2 * PANEL);
          w = w.lanewise(VectorOperators.LSHR, 8);
          c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
          c.fma(d, m).intoArray(out, to + lane + 3 * PANEL);
        }
        words += PANEL_BYTES;
        to += 4 * PANEL;
      }
      scales = words;
    }
  }

  private static void unpackF16(MemorySegment data, long at, float[] out, int target) {
    for (int word = 0; word < 16; word++) {
      IntVector pair = IntVector.fromMemorySegment(I, data, at + word * PANEL_BYTES, ORDER);
      half(pair).intoArray(out, target + word * 2 * PANEL);
      half(pair.lanewise(VectorOperators.LSHR, 16)).intoArray(out, target + (word * 2 + 1) * PANEL);
    }
  }

  private static void unpackBf16(MemorySegment data, long at, float[] out, int target) {
    for (int word = 0; word < 16; word++) {
      IntVector pair = IntVector.fromMemorySegment(I, data, at + word * PANEL_BYTES, ORDER);
      lowBf16(pair).intoArray(out, target + word * 2 * PANEL);
      highBf16(pair).intoArray(out, target + (word * 2 + 1) * PANEL);
    }
  }

  private static void unpackF32(MemorySegment data, long at, float[] out, int target) {
    for (int word = 0; word < BLOCK; word++) {
      FloatVector.fromMemorySegment(F, data, at + word * PANEL_BYTES, ORDER)
          .intoArray(out, target + word * PANEL);
    }
  }

  /** Exact for all finite numbers; weights are finite. */
  private static FloatVector half(IntVector bits) {
    FloatVector magnitude =
        bits.and(0x7fff).lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
    IntVector sign = bits.and(0x8000).lanewise(VectorOperators.LSHL, 16);
    return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }

  private static FloatVector lowBf16(IntVector pair) {
    return pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  private static FloatVector highBf16(IntVector pair) {
    return pair.and(0xffff0000).reinterpretAsFloats();
  }
}
