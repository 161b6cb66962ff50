package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.PackedMatrix.PANEL;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.I;
import static io.gibbon.runtime.kernel.Simd.W;
import static io.gibbon.runtime.kernel.VectorWeights.minimumAt;
import static io.gibbon.runtime.kernel.VectorWeights.minimumFactor;

import io.gibbon.runtime.kernel.PackedMatrix.Encoding;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Multiplies a few rows by coded weights, which are unpacked in registers on the way.
 *
 * <p>What looks odd here is for the JIT: in a method with many vector operations it inlines the
 * JDK's methods, but no more of ours, and a vector that is passed to a method that is not inlined
 * goes through the heap. So the loops call nothing of ours. They are not counted, so that they are
 * not unrolled further than there are registers. Codes of 4 and of 8 bits have loops of their own:
 * with the width in a variable, products took a tenth to a fifth longer.
 */
final class VectorCodes {

  /** Rows that share what is unpacked. */
  private static final int ROWS = 4;

  private static final int PANEL_BYTES = PANEL * Integer.BYTES;
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private VectorCodes() {}

  /** As {@link Kernels#multiplyPacked}. */
  static void multiply(
      PackedMatrix matrix,
      int fromPanel,
      int toPanel,
      float[] x,
      int xOffset,
      int xStride,
      int rows,
      float[] out,
      int outOffset,
      int outStride) {
    if (rows == 1) {
      multiplyRow(matrix, fromPanel, toPanel, x, xOffset, out, outOffset);
    } else {
      multiplyRows(
          matrix, fromPanel, toPanel, x, xOffset, xStride, rows, out, outOffset, outStride);
    }
  }

  /**
   * Four vectors of outputs at a time, so that four independent sums hide the latency of a fused
   * multiply-add.
   */
  private static void multiplyRow(
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

  /** Two vectors of outputs and four rows at a time; the last row is repeated to make up four. */
  private static void multiplyRows(
      PackedMatrix matrix,
      int fromPanel,
      int toPanel,
      float[] x,
      int xOffset,
      int xStride,
      int rows,
      float[] out,
      int outOffset,
      int outStride) {
    int last = toPanel * PANEL - W;
    for (int output = fromPanel * PANEL; output <= last; output += 2 * W) {
      int next = Math.min(last, output + W);
      long at0 = address(matrix, output);
      long at1 = address(matrix, next);
      for (int row = 0; row < rows; row += ROWS) {
        int r1 = Math.min(rows - 1, row + 1);
        int r2 = Math.min(rows - 1, row + 2);
        int r3 = Math.min(rows - 1, row + 3);
        int x0 = xOffset + row * xStride;
        int x1 = xOffset + r1 * xStride;
        int x2 = xOffset + r2 * xStride;
        int x3 = xOffset + r3 * xStride;
        int y0 = outOffset + row * outStride + output;
        int y1 = outOffset + r1 * outStride + output;
        int y2 = outOffset + r2 * outStride + output;
        int y3 = outOffset + r3 * outStride + output;
        if (matrix.encoding().bits() == 4) {
          multiplyRows4(matrix, at0, at1, x, x0, x1, x2, x3, out, y0, y1, y2, y3, next - output);
        } else {
          multiplyRows8(matrix, at0, at1, x, x0, x1, x2, x3, out, y0, y1, y2, y3, next - output);
        }
      }
    }
  }

  /** Where the first vector of an output and its neighbours lies. */
  private static long address(PackedMatrix matrix, int output) {
    return matrix.panelOffset(output / PANEL) + (long) (output % PANEL) * Integer.BYTES;
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

  private static void multiplyRows4(
      PackedMatrix matrix,
      long at0,
      long at1,
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3,
      int next) {
    MemorySegment data = matrix.data();
    Encoding encoding = matrix.encoding();
    int group = encoding.group();
    int scaleBytes = encoding.scales() * PANEL_BYTES;
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    int columns = matrix.columns();
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = FloatVector.zero(F);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s20 = FloatVector.zero(F);
    FloatVector s21 = FloatVector.zero(F);
    FloatVector s30 = FloatVector.zero(F);
    FloatVector s31 = FloatVector.zero(F);
    long at = 0;
    int k = 0;
    while (k < columns) {
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + at, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + at, ORDER);
      long from = at + minimumAt;
      FloatVector m0 = FloatVector.fromMemorySegment(F, data, at0 + from, ORDER).mul(minimumFactor);
      FloatVector m1 = FloatVector.fromMemorySegment(F, data, at1 + from, ORDER).mul(minimumFactor);
      at += scaleBytes;
      int groupEnd = k + group;
      while (k < groupEnd) {
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + at, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + at, ORDER);
        at += PANEL_BYTES;
        for (int left = 1 << 8; left > 1; left >>= 1) {
          FloatVector c0 = (FloatVector) w0.and(15).convert(VectorOperators.I2F, 0);
          FloatVector c1 = (FloatVector) w1.and(15).convert(VectorOperators.I2F, 0);
          c0 = c0.fma(d0, m0);
          c1 = c1.fma(d1, m1);
          w0 = w0.lanewise(VectorOperators.LSHR, 4);
          w1 = w1.lanewise(VectorOperators.LSHR, 4);
          FloatVector v = FloatVector.broadcast(F, x[x0 + k]);
          s00 = v.fma(c0, s00);
          s01 = v.fma(c1, s01);
          v = FloatVector.broadcast(F, x[x1 + k]);
          s10 = v.fma(c0, s10);
          s11 = v.fma(c1, s11);
          v = FloatVector.broadcast(F, x[x2 + k]);
          s20 = v.fma(c0, s20);
          s21 = v.fma(c1, s21);
          v = FloatVector.broadcast(F, x[x3 + k]);
          s30 = v.fma(c0, s30);
          s31 = v.fma(c1, s31);
          k++;
        }
      }
    }
    s00.intoArray(out, y0);
    s01.intoArray(out, y0 + next);
    s10.intoArray(out, y1);
    s11.intoArray(out, y1 + next);
    s20.intoArray(out, y2);
    s21.intoArray(out, y2 + next);
    s30.intoArray(out, y3);
    s31.intoArray(out, y3 + next);
  }

  private static void multiplyRows8(
      PackedMatrix matrix,
      long at0,
      long at1,
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3,
      int next) {
    MemorySegment data = matrix.data();
    Encoding encoding = matrix.encoding();
    int group = encoding.group();
    int scaleBytes = encoding.scales() * PANEL_BYTES;
    int minimumAt = minimumAt(encoding);
    float minimumFactor = minimumFactor(encoding);
    int columns = matrix.columns();
    FloatVector s00 = FloatVector.zero(F);
    FloatVector s01 = FloatVector.zero(F);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s20 = FloatVector.zero(F);
    FloatVector s21 = FloatVector.zero(F);
    FloatVector s30 = FloatVector.zero(F);
    FloatVector s31 = FloatVector.zero(F);
    long at = 0;
    int k = 0;
    while (k < columns) {
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + at, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + at, ORDER);
      long from = at + minimumAt;
      FloatVector m0 = FloatVector.fromMemorySegment(F, data, at0 + from, ORDER).mul(minimumFactor);
      FloatVector m1 = FloatVector.fromMemorySegment(F, data, at1 + from, ORDER).mul(minimumFactor);
      at += scaleBytes;
      int groupEnd = k + group;
      while (k < groupEnd) {
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + at, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + at, ORDER);
        at += PANEL_BYTES;
        for (int left = 1 << 4; left > 1; left >>= 1) {
          FloatVector c0 = (FloatVector) w0.and(255).convert(VectorOperators.I2F, 0);
          FloatVector c1 = (FloatVector) w1.and(255).convert(VectorOperators.I2F, 0);
          c0 = c0.fma(d0, m0);
          c1 = c1.fma(d1, m1);
          w0 = w0.lanewise(VectorOperators.LSHR, 8);
          w1 = w1.lanewise(VectorOperators.LSHR, 8);
          FloatVector v = FloatVector.broadcast(F, x[x0 + k]);
          s00 = v.fma(c0, s00);
          s01 = v.fma(c1, s01);
          v = FloatVector.broadcast(F, x[x1 + k]);
          s10 = v.fma(c0, s10);
          s11 = v.fma(c1, s11);
          v = FloatVector.broadcast(F, x[x2 + k]);
          s20 = v.fma(c0, s20);
          s21 = v.fma(c1, s21);
          v = FloatVector.broadcast(F, x[x3 + k]);
          s30 = v.fma(c0, s30);
          s31 = v.fma(c1, s31);
          k++;
        }
      }
    }
    s00.intoArray(out, y0);
    s01.intoArray(out, y0 + next);
    s10.intoArray(out, y1);
    s11.intoArray(out, y1 + next);
    s20.intoArray(out, y2);
    s21.intoArray(out, y2 + next);
    s30.intoArray(out, y3);
    s31.intoArray(out, y3 + next);
  }
}
