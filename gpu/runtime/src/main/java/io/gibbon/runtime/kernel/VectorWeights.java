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
    MemorySegment data = matrix.data();
    int bytes = matrix.blockBytes();
    long block = matrix.panelOffset(panel) + (long) fromBlock * bytes;
    for (int i = 0; i < toBlock - fromBlock; i++, block += bytes) {
      for (int lane = 0; lane < PANEL; lane += W) {
        long at = block + lane * Integer.BYTES;
        int target = outOffset + i * BLOCK * PANEL + lane;
        switch (matrix.encoding()) {
          case CODES_4 -> unpackCodes4(matrix.encoding(), data, at, out, target);
          case CODES_8, CODES_8_HALVES, CODES_8_MINIMUM ->
              unpackCodes8(matrix.encoding(), data, at, out, target);
          case F16 -> unpackF16(data, at, out, target);
          case BF16 -> unpackBf16(data, at, out, target);
          case F32 -> unpackF32(data, at, out, target);
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

  private static void unpackCodes4(
      Encoding encoding, MemorySegment data, long at, float[] out, int target) {
    int group = encoding.group();
    int scaleBytes = encoding.scales() * PANEL_BYTES;
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    long from = at;
    int to = target;
    for (int column = 0; column < BLOCK; column += group) {
      FloatVector d = FloatVector.fromMemorySegment(F, data, from, ORDER);
      FloatVector m =
          FloatVector.fromMemorySegment(F, data, from + minimumAt, ORDER).mul(minimumFactor);
      from += scaleBytes;
      for (int end = to + group * PANEL; to < end; to += 8 * PANEL) {
        IntVector w = IntVector.fromMemorySegment(I, data, from, ORDER);
        from += PANEL_BYTES;
        FloatVector c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + PANEL);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 2 * PANEL);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 3 * PANEL);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 4 * PANEL);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 5 * PANEL);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 6 * PANEL);
        w = w.lanewise(VectorOperators.LSHR, 4);
        c = (FloatVector) w.and(15).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 7 * PANEL);
      }
    }
  }

  private static void unpackCodes8(
      Encoding encoding, MemorySegment data, long at, float[] out, int target) {
    int group = encoding.group();
    int scaleBytes = encoding.scales() * PANEL_BYTES;
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    long from = at;
    int to = target;
    for (int column = 0; column < BLOCK; column += group) {
      FloatVector d = FloatVector.fromMemorySegment(F, data, from, ORDER);
      FloatVector m =
          FloatVector.fromMemorySegment(F, data, from + minimumAt, ORDER).mul(minimumFactor);
      from += scaleBytes;
      for (int end = to + group * PANEL; to < end; to += 4 * PANEL) {
        IntVector w = IntVector.fromMemorySegment(I, data, from, ORDER);
        from += PANEL_BYTES;
        FloatVector c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to);
        w = w.lanewise(VectorOperators.LSHR, 8);
        c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + PANEL);
        w = w.lanewise(VectorOperators.LSHR, 8);
        c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 2 * PANEL);
        w = w.lanewise(VectorOperators.LSHR, 8);
        c = (FloatVector) w.and(255).convert(VectorOperators.I2F, 0);
        c.fma(d, m).intoArray(out, to + 3 * PANEL);
      }
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
