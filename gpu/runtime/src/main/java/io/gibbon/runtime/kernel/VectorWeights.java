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
 * Unpacks weights, and multiplies a single row by coded weights without unpacking them to memory.
 *
 * <p>What looks odd here is for the JIT: in a method with many vector operations it inlines the
 * JDK's methods, but no more of ours, and a vector that is passed to a method that is not inlined
 * goes through the heap. So the loops over codes call nothing of ours. They are not counted, so
 * that they are not unrolled further than there are registers.
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
  private static int minimumAt(Encoding encoding) {
    return encoding.scales() == 2 ? PANEL_BYTES : 0;
  }

  private static float minimumFactor(Encoding encoding) {
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

  /**
   * As {@link Kernels#multiplyRow}: four vectors of outputs at a time, so that four independent
   * sums hide the latency of a fused multiply-add.
   */
  static void multiplyRow(
      PackedMatrix matrix,
      int fromPanel,
      int toPanel,
      float[] x,
      int xOffset,
      float[] out,
      int outOffset) {
    int last = toPanel * PANEL - W;
    for (int row = fromPanel * PANEL; row <= last; row += 4 * W) {
      int row1 = Math.min(last, row + W);
      int row2 = Math.min(last, row + 2 * W);
      int row3 = Math.min(last, row + 3 * W);
      long at0 = address(matrix, row);
      long at1 = address(matrix, row1);
      long at2 = address(matrix, row2);
      long at3 = address(matrix, row3);
      int y0 = outOffset + row;
      int y1 = outOffset + row1;
      int y2 = outOffset + row2;
      int y3 = outOffset + row3;
      if (matrix.encoding().bits() == 4) {
        multiplyRow4(matrix, at0, at1, at2, at3, x, xOffset, out, y0, y1, y2, y3);
      } else {
        multiplyRow8(matrix, at0, at1, at2, at3, x, xOffset, out, y0, y1, y2, y3);
      }
    }
  }

  /** Where the first vector of a row and its neighbours lies. */
  private static long address(PackedMatrix matrix, int row) {
    return matrix.panelOffset(row / PANEL) + (long) (row % PANEL) * Integer.BYTES;
  }

  private static void multiplyRow4(
      PackedMatrix matrix,
      long at0,
      long at1,
      long at2,
      long at3,
      float[] x,
      int xOffset,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3) {
    MemorySegment data = matrix.data();
    Encoding encoding = matrix.encoding();
    int group = encoding.group();
    int scaleBytes = encoding.scales() * PANEL_BYTES;
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    int end = xOffset + matrix.columns();
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    long at = 0;
    int k = xOffset;
    while (k < end) {
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + at, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + at, ORDER);
      FloatVector d2 = FloatVector.fromMemorySegment(F, data, at2 + at, ORDER);
      FloatVector d3 = FloatVector.fromMemorySegment(F, data, at3 + at, ORDER);
      long from = at + minimumAt;
      FloatVector m0 = FloatVector.fromMemorySegment(F, data, at0 + from, ORDER).mul(minimumFactor);
      FloatVector m1 = FloatVector.fromMemorySegment(F, data, at1 + from, ORDER).mul(minimumFactor);
      FloatVector m2 = FloatVector.fromMemorySegment(F, data, at2 + from, ORDER).mul(minimumFactor);
      FloatVector m3 = FloatVector.fromMemorySegment(F, data, at3 + from, ORDER).mul(minimumFactor);
      at += scaleBytes;
      int groupEnd = k + group;
      while (k < groupEnd) {
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + at, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + at, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, data, at2 + at, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, data, at3 + at, ORDER);
        at += PANEL_BYTES;
        for (int pairs = 1 << 4; pairs > 1; pairs >>= 1) {
          FloatVector v = FloatVector.broadcast(F, x[k]);
          FloatVector c0 = (FloatVector) w0.and(15).convert(VectorOperators.I2F, 0);
          FloatVector c1 = (FloatVector) w1.and(15).convert(VectorOperators.I2F, 0);
          FloatVector c2 = (FloatVector) w2.and(15).convert(VectorOperators.I2F, 0);
          FloatVector c3 = (FloatVector) w3.and(15).convert(VectorOperators.I2F, 0);
          s0 = v.fma(c0.fma(d0, m0), s0);
          s1 = v.fma(c1.fma(d1, m1), s1);
          s2 = v.fma(c2.fma(d2, m2), s2);
          s3 = v.fma(c3.fma(d3, m3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 4);
          w1 = w1.lanewise(VectorOperators.LSHR, 4);
          w2 = w2.lanewise(VectorOperators.LSHR, 4);
          w3 = w3.lanewise(VectorOperators.LSHR, 4);
          v = FloatVector.broadcast(F, x[k + 1]);
          c0 = (FloatVector) w0.and(15).convert(VectorOperators.I2F, 0);
          c1 = (FloatVector) w1.and(15).convert(VectorOperators.I2F, 0);
          c2 = (FloatVector) w2.and(15).convert(VectorOperators.I2F, 0);
          c3 = (FloatVector) w3.and(15).convert(VectorOperators.I2F, 0);
          s0 = v.fma(c0.fma(d0, m0), s0);
          s1 = v.fma(c1.fma(d1, m1), s1);
          s2 = v.fma(c2.fma(d2, m2), s2);
          s3 = v.fma(c3.fma(d3, m3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 4);
          w1 = w1.lanewise(VectorOperators.LSHR, 4);
          w2 = w2.lanewise(VectorOperators.LSHR, 4);
          w3 = w3.lanewise(VectorOperators.LSHR, 4);
          k += 2;
        }
      }
    }
    s0.intoArray(out, y0);
    s1.intoArray(out, y1);
    s2.intoArray(out, y2);
    s3.intoArray(out, y3);
  }

  private static void multiplyRow8(
      PackedMatrix matrix,
      long at0,
      long at1,
      long at2,
      long at3,
      float[] x,
      int xOffset,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3) {
    MemorySegment data = matrix.data();
    Encoding encoding = matrix.encoding();
    int group = encoding.group();
    int scaleBytes = encoding.scales() * PANEL_BYTES;
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    int end = xOffset + matrix.columns();
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    long at = 0;
    int k = xOffset;
    while (k < end) {
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + at, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + at, ORDER);
      FloatVector d2 = FloatVector.fromMemorySegment(F, data, at2 + at, ORDER);
      FloatVector d3 = FloatVector.fromMemorySegment(F, data, at3 + at, ORDER);
      long from = at + minimumAt;
      FloatVector m0 = FloatVector.fromMemorySegment(F, data, at0 + from, ORDER).mul(minimumFactor);
      FloatVector m1 = FloatVector.fromMemorySegment(F, data, at1 + from, ORDER).mul(minimumFactor);
      FloatVector m2 = FloatVector.fromMemorySegment(F, data, at2 + from, ORDER).mul(minimumFactor);
      FloatVector m3 = FloatVector.fromMemorySegment(F, data, at3 + from, ORDER).mul(minimumFactor);
      at += scaleBytes;
      int groupEnd = k + group;
      while (k < groupEnd) {
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + at, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + at, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, data, at2 + at, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, data, at3 + at, ORDER);
        at += PANEL_BYTES;
        for (int pairs = 1 << 2; pairs > 1; pairs >>= 1) {
          FloatVector v = FloatVector.broadcast(F, x[k]);
          FloatVector c0 = (FloatVector) w0.and(255).convert(VectorOperators.I2F, 0);
          FloatVector c1 = (FloatVector) w1.and(255).convert(VectorOperators.I2F, 0);
          FloatVector c2 = (FloatVector) w2.and(255).convert(VectorOperators.I2F, 0);
          FloatVector c3 = (FloatVector) w3.and(255).convert(VectorOperators.I2F, 0);
          s0 = v.fma(c0.fma(d0, m0), s0);
          s1 = v.fma(c1.fma(d1, m1), s1);
          s2 = v.fma(c2.fma(d2, m2), s2);
          s3 = v.fma(c3.fma(d3, m3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 8);
          w1 = w1.lanewise(VectorOperators.LSHR, 8);
          w2 = w2.lanewise(VectorOperators.LSHR, 8);
          w3 = w3.lanewise(VectorOperators.LSHR, 8);
          v = FloatVector.broadcast(F, x[k + 1]);
          c0 = (FloatVector) w0.and(255).convert(VectorOperators.I2F, 0);
          c1 = (FloatVector) w1.and(255).convert(VectorOperators.I2F, 0);
          c2 = (FloatVector) w2.and(255).convert(VectorOperators.I2F, 0);
          c3 = (FloatVector) w3.and(255).convert(VectorOperators.I2F, 0);
          s0 = v.fma(c0.fma(d0, m0), s0);
          s1 = v.fma(c1.fma(d1, m1), s1);
          s2 = v.fma(c2.fma(d2, m2), s2);
          s3 = v.fma(c3.fma(d3, m3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 8);
          w1 = w1.lanewise(VectorOperators.LSHR, 8);
          w2 = w2.lanewise(VectorOperators.LSHR, 8);
          w3 = w3.lanewise(VectorOperators.LSHR, 8);
          k += 2;
        }
      }
    }
    s0.intoArray(out, y0);
    s1.intoArray(out, y1);
    s2.intoArray(out, y2);
    s3.intoArray(out, y3);
  }
}
