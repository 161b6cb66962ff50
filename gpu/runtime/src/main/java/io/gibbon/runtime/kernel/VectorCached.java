package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.Kernels.LANES;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.I;
import static io.gibbon.runtime.kernel.Simd.W;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Cached keys and values, binary16 or codes of 8 bits, widened on their way out of off-heap memory:
 * for many rows once, to the heap; for a few rows in registers, within the product. Reading them
 * there and not from a copy lets the memory's latency hide behind the arithmetic. Products have the
 * bits of {@link VectorMultiply} over widened panels. The loops call nothing of ours, see {@link
 * VectorCodes}, and take two steps of the depth at a time: a third less time than one.
 */
final class VectorCached {

  /** As many halves as a vector has floats. */
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(W * Short.SIZE));

  /** As many codes as a vector has floats, but for vectors of four: those take half of one. */
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, W * Byte.SIZE)));

  /** Which half of its codes every second vector takes. */
  private static final int ODD = W == 4 ? 1 : 0;

  /** Where sign, exponent and fraction of a sign-extended half lie after a shift by 13. */
  private static final int HALF_BITS = 0x8fffe000;

  /** The difference of the exponents' biases. */
  private static final float HALF_FACTOR = 0x1p112f;

  /** Bytes of a row of a panel of halves. */
  private static final int HALVES = LANES * Short.BYTES;

  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private static final int ROWS = 3;

  private VectorCached() {}

  /** As {@link Kernels#widenHalves}. */
  static void widenHalves(MemorySegment from, long offset, float[] to, int toOffset, int n) {
    int i = 0;
    for (; i <= n - W; i += W) {
      IntVector h =
          (IntVector)
              ShortVector.fromMemorySegment(S, from, offset + 2L * i, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.S2I, I, 0);
      h.lanewise(VectorOperators.LSHL, 13)
          .and(HALF_BITS)
          .reinterpretAsFloats()
          .mul(HALF_FACTOR)
          .intoArray(to, toOffset + i);
    }
    for (; i < n; i++) {
      to[toOffset + i] = Float.float16ToFloat(from.get(HALF, offset + 2L * i));
    }
  }

  /** As {@link Kernels#widenCodes}. */
  static void widenCodes(MemorySegment from, long offset, float[] to, int toOffset, int n) {
    for (int i = 0; i < n; i += 2 * W) {
      ByteVector codes = ByteVector.fromMemorySegment(B, from, offset + i, LITTLE_ENDIAN);
      ((FloatVector) codes.convertShape(VectorOperators.B2I, I, 0).convert(VectorOperators.I2F, 0))
          .intoArray(to, toOffset + i);
      codes = ByteVector.fromMemorySegment(B, from, offset + i + (W - ODD * W), LITTLE_ENDIAN);
      ((FloatVector)
              codes.convertShape(VectorOperators.B2I, I, ODD).convert(VectorOperators.I2F, 0))
          .intoArray(to, toOffset + i + W);
    }
  }

  /** As {@link Kernels#multiplyHalves}. */
  static void multiplyHalves(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      MemorySegment b,
      long bOffset,
      long bPanelBytes,
      int columns,
      int depth,
      float[] c,
      int cOffset,
      int cStride,
      boolean add) {
    for (int column = 0; column < columns; column += 2 * W) {
      int n1 = Math.min(column + W, columns - W);
      for (int row = 0; row < rows; row += ROWS) {
        halves3x2(
            a,
            aOffset + row * aStride,
            aStride,
            Math.min(ROWS, rows - row) - 1,
            b,
            bOffset + at(column, bPanelBytes, Short.BYTES),
            bOffset + at(n1, bPanelBytes, Short.BYTES),
            depth,
            c,
            cOffset + row * cStride + column,
            n1 - column,
            cStride,
            add);
      }
    }
  }

  private static void halves3x2(
      float[] a,
      int a0,
      int aStride,
      int lastRow,
      MemorySegment b,
      long b0,
      long b1,
      int depth,
      float[] c,
      int c0,
      int next1,
      int cStride,
      boolean add) {
    int a1 = a0 + Math.min(1, lastRow) * aStride;
    int a2 = a0 + Math.min(2, lastRow) * aStride;
    int c1 = c0 + Math.min(1, lastRow) * cStride;
    int c2 = c0 + Math.min(2, lastRow) * cStride;
    FloatVector s00 = VectorMultiply.start(add, c, c0);
    FloatVector s01 = VectorMultiply.start(add, c, c0 + next1);
    FloatVector s10 = VectorMultiply.start(add, c, c1);
    FloatVector s11 = VectorMultiply.start(add, c, c1 + next1);
    FloatVector s20 = VectorMultiply.start(add, c, c2);
    FloatVector s21 = VectorMultiply.start(add, c, c2 + next1);
    for (int k = 0; k < depth; k += 2) {
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      IntVector h =
          (IntVector)
              ShortVector.fromMemorySegment(S, b, b0 + k * HALVES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.S2I, I, 0);
      FloatVector v =
          h.lanewise(VectorOperators.LSHL, 13)
              .and(HALF_BITS)
              .reinterpretAsFloats()
              .mul(HALF_FACTOR);
      s00 = x0.fma(v, s00);
      s10 = x1.fma(v, s10);
      s20 = x2.fma(v, s20);
      h =
          (IntVector)
              ShortVector.fromMemorySegment(S, b, b1 + k * HALVES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.S2I, I, 0);
      v =
          h.lanewise(VectorOperators.LSHL, 13)
              .and(HALF_BITS)
              .reinterpretAsFloats()
              .mul(HALF_FACTOR);
      s01 = x0.fma(v, s01);
      s11 = x1.fma(v, s11);
      s21 = x2.fma(v, s21);
      x0 = FloatVector.broadcast(F, a[a0 + k + 1]);
      x1 = FloatVector.broadcast(F, a[a1 + k + 1]);
      x2 = FloatVector.broadcast(F, a[a2 + k + 1]);
      h =
          (IntVector)
              ShortVector.fromMemorySegment(S, b, b0 + k * HALVES + HALVES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.S2I, I, 0);
      v =
          h.lanewise(VectorOperators.LSHL, 13)
              .and(HALF_BITS)
              .reinterpretAsFloats()
              .mul(HALF_FACTOR);
      s00 = x0.fma(v, s00);
      s10 = x1.fma(v, s10);
      s20 = x2.fma(v, s20);
      h =
          (IntVector)
              ShortVector.fromMemorySegment(S, b, b1 + k * HALVES + HALVES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.S2I, I, 0);
      v =
          h.lanewise(VectorOperators.LSHL, 13)
              .and(HALF_BITS)
              .reinterpretAsFloats()
              .mul(HALF_FACTOR);
      s01 = x0.fma(v, s01);
      s11 = x1.fma(v, s11);
      s21 = x2.fma(v, s21);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + next1);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + next1);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + next1);
  }

  /** As {@link Kernels#multiplyCodes}. */
  static void multiplyCodes(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      MemorySegment b,
      long bOffset,
      long bPanelBytes,
      int columns,
      int depth,
      float[] c,
      int cOffset,
      int cStride,
      boolean add) {
    for (int column = 0; column < columns; column += 2 * W) {
      int n1 = Math.min(column + W, columns - W);
      for (int row = 0; row < rows; row += ROWS) {
        codes3x2(
            a,
            aOffset + row * aStride,
            aStride,
            Math.min(ROWS, rows - row) - 1,
            b,
            bOffset + at(column, bPanelBytes, 1),
            bOffset + at(n1 - ODD * W, bPanelBytes, 1),
            depth,
            c,
            cOffset + row * cStride + column,
            n1 - column,
            cStride,
            add);
      }
    }
  }

  private static void codes3x2(
      float[] a,
      int a0,
      int aStride,
      int lastRow,
      MemorySegment b,
      long b0,
      long b1,
      int depth,
      float[] c,
      int c0,
      int next1,
      int cStride,
      boolean add) {
    int a1 = a0 + Math.min(1, lastRow) * aStride;
    int a2 = a0 + Math.min(2, lastRow) * aStride;
    int c1 = c0 + Math.min(1, lastRow) * cStride;
    int c2 = c0 + Math.min(2, lastRow) * cStride;
    FloatVector s00 = VectorMultiply.start(add, c, c0);
    FloatVector s01 = VectorMultiply.start(add, c, c0 + next1);
    FloatVector s10 = VectorMultiply.start(add, c, c1);
    FloatVector s11 = VectorMultiply.start(add, c, c1 + next1);
    FloatVector s20 = VectorMultiply.start(add, c, c2);
    FloatVector s21 = VectorMultiply.start(add, c, c2 + next1);
    for (int k = 0; k < depth; k += 2) {
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      FloatVector v =
          (FloatVector)
              ByteVector.fromMemorySegment(B, b, b0 + k * LANES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.B2I, I, 0)
                  .convert(VectorOperators.I2F, 0);
      s00 = x0.fma(v, s00);
      s10 = x1.fma(v, s10);
      s20 = x2.fma(v, s20);
      v =
          (FloatVector)
              ByteVector.fromMemorySegment(B, b, b1 + k * LANES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.B2I, I, ODD)
                  .convert(VectorOperators.I2F, 0);
      s01 = x0.fma(v, s01);
      s11 = x1.fma(v, s11);
      s21 = x2.fma(v, s21);
      x0 = FloatVector.broadcast(F, a[a0 + k + 1]);
      x1 = FloatVector.broadcast(F, a[a1 + k + 1]);
      x2 = FloatVector.broadcast(F, a[a2 + k + 1]);
      v =
          (FloatVector)
              ByteVector.fromMemorySegment(B, b, b0 + k * LANES + LANES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.B2I, I, 0)
                  .convert(VectorOperators.I2F, 0);
      s00 = x0.fma(v, s00);
      s10 = x1.fma(v, s10);
      s20 = x2.fma(v, s20);
      v =
          (FloatVector)
              ByteVector.fromMemorySegment(B, b, b1 + k * LANES + LANES, LITTLE_ENDIAN)
                  .convertShape(VectorOperators.B2I, I, ODD)
                  .convert(VectorOperators.I2F, 0);
      s01 = x0.fma(v, s01);
      s11 = x1.fma(v, s11);
      s21 = x2.fma(v, s21);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + next1);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + next1);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + next1);
  }

  /** Where a vector of columns begins within the panels, in bytes. */
  private static long at(int column, long panelBytes, int bytes) {
    return column / LANES * panelBytes + (long) column % LANES * bytes;
  }
}
