package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.Kernels.LANES;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.I;
import static io.gibbon.runtime.kernel.Simd.W;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of a few rows with panels of cached keys or values, binary16 or codes of 8 bits, widened
 * in registers: in the order and with the bits of {@link VectorMultiply} over widened panels. The
 * loops call nothing of ours, see {@link VectorCodes}.
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

  private static final int ROWS = 3;

  private VectorCached() {}

  /** As {@link Kernels#multiplyHalves}. */
  static void multiplyHalves(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      short[] b,
      int bOffset,
      int bPanelStride,
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
            bOffset + VectorMultiply.at(column, bPanelStride),
            bOffset + VectorMultiply.at(n1, bPanelStride),
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
      short[] b,
      int b0,
      int b1,
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
    for (int k = 0; k < depth; k++) {
      FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
      IntVector h =
          (IntVector)
              ShortVector.fromArray(S, b, b0 + k * LANES).convertShape(VectorOperators.S2I, I, 0);
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
              ShortVector.fromArray(S, b, b1 + k * LANES).convertShape(VectorOperators.S2I, I, 0);
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
      byte[] b,
      int bOffset,
      int bPanelStride,
      float[] scales,
      int scaleStride,
      int columns,
      int depth,
      float[] c,
      int cOffset,
      int cStride,
      boolean add) {
    int scalePanelStride = (depth + LANES - 1) / LANES * scaleStride;
    for (int column = 0; column < columns; column += 2 * W) {
      int n1 = Math.min(column + W, columns - W);
      for (int row = 0; row < rows; row += ROWS) {
        codes3x2(
            a,
            aOffset + row * aStride,
            aStride,
            Math.min(ROWS, rows - row) - 1,
            b,
            bOffset + VectorMultiply.at(column, bPanelStride),
            bOffset + VectorMultiply.at(n1 - ODD * W, bPanelStride),
            scales,
            scaleStride,
            VectorMultiply.at(column, scalePanelStride),
            VectorMultiply.at(n1, scalePanelStride),
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
      byte[] b,
      int b0,
      int b1,
      float[] scales,
      int scaleStride,
      int d0,
      int d1,
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
    for (int group = 0; group < depth; group += LANES) {
      int scale = group / LANES * scaleStride;
      FloatVector f0 = FloatVector.fromArray(F, scales, d0 + scale);
      FloatVector f1 = FloatVector.fromArray(F, scales, d1 + scale);
      int end = Math.min(depth, group + LANES);
      for (int k = group; k < end; k++) {
        FloatVector x0 = FloatVector.broadcast(F, a[a0 + k]);
        FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
        FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
        FloatVector v =
            ((FloatVector)
                    ByteVector.fromArray(B, b, b0 + k * LANES)
                        .convertShape(VectorOperators.B2I, I, 0)
                        .convert(VectorOperators.I2F, 0))
                .mul(f0);
        s00 = x0.fma(v, s00);
        s10 = x1.fma(v, s10);
        s20 = x2.fma(v, s20);
        v =
            ((FloatVector)
                    ByteVector.fromArray(B, b, b1 + k * LANES)
                        .convertShape(VectorOperators.B2I, I, ODD)
                        .convert(VectorOperators.I2F, 0))
                .mul(f1);
        s01 = x0.fma(v, s01);
        s11 = x1.fma(v, s11);
        s21 = x2.fma(v, s21);
      }
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + next1);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + next1);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + next1);
  }
}
