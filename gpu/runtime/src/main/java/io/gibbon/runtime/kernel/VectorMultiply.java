package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.W;

import jdk.incubator.vector.FloatVector;

/**
 * Matrix products over panels: outer products of up to six rows and two vectors, whose twelve sums
 * stay in registers. A sum runs along the depth from first to last whichever shape it is part of.
 */
final class VectorMultiply {

  private VectorMultiply() {}

  /** As {@link Kernels#multiply}. */
  static void multiply(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      float[] b,
      int bOffset,
      int bStride,
      int bPanelStride,
      int columns,
      int depth,
      float[] c,
      int cOffset,
      int cStride,
      boolean add) {
    for (int column = 0; column < columns; column += 2 * W) {
      int b0 = bOffset + column / Kernels.LANES * bPanelStride + column % Kernels.LANES;
      int next = column + W;
      int b1 = bOffset + next / Kernels.LANES * bPanelStride + next % Kernels.LANES;
      int row = 0;
      while (row < rows) {
        int a0 = aOffset + row * aStride;
        int c0 = cOffset + row * cStride + column;
        if (next >= columns) {
          multiply1x1(a, a0, b, b0, bStride, depth, c, c0, add);
          row += 1;
        } else if (rows - row >= 6) {
          multiply6x2(a, a0, aStride, b, b0, b1, bStride, depth, c, c0, cStride, add);
          row += 6;
        } else if (rows - row >= 3) {
          multiply3x2(a, a0, aStride, b, b0, b1, bStride, depth, c, c0, cStride, add);
          row += 3;
        } else {
          multiply1x2(a, a0, b, b0, b1, bStride, depth, c, c0, add);
          row += 1;
        }
      }
    }
  }

  private static FloatVector start(boolean add, float[] c, int offset) {
    return add ? FloatVector.fromArray(F, c, offset) : FloatVector.zero(F);
  }

  private static void multiply6x2(
      float[] a,
      int a0,
      int aStride,
      float[] b,
      int b0,
      int b1,
      int bStride,
      int depth,
      float[] c,
      int c0,
      int cStride,
      boolean add) {
    int a1 = a0 + aStride;
    int a2 = a1 + aStride;
    int a3 = a2 + aStride;
    int a4 = a3 + aStride;
    int a5 = a4 + aStride;
    int c1 = c0 + cStride;
    int c2 = c1 + cStride;
    int c3 = c2 + cStride;
    int c4 = c3 + cStride;
    int c5 = c4 + cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + W);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + W);
    FloatVector s20 = start(add, c, c2);
    FloatVector s21 = start(add, c, c2 + W);
    FloatVector s30 = start(add, c, c3);
    FloatVector s31 = start(add, c, c3 + W);
    FloatVector s40 = start(add, c, c4);
    FloatVector s41 = start(add, c, c4 + W);
    FloatVector s50 = start(add, c, c5);
    FloatVector s51 = start(add, c, c5 + W);
    for (int k = 0; k < depth; k++) {
      FloatVector v0 = FloatVector.fromArray(F, b, b0 + k * bStride);
      FloatVector v1 = FloatVector.fromArray(F, b, b1 + k * bStride);
      FloatVector x = FloatVector.broadcast(F, a[a0 + k]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      x = FloatVector.broadcast(F, a[a1 + k]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      x = FloatVector.broadcast(F, a[a2 + k]);
      s20 = x.fma(v0, s20);
      s21 = x.fma(v1, s21);
      x = FloatVector.broadcast(F, a[a3 + k]);
      s30 = x.fma(v0, s30);
      s31 = x.fma(v1, s31);
      x = FloatVector.broadcast(F, a[a4 + k]);
      s40 = x.fma(v0, s40);
      s41 = x.fma(v1, s41);
      x = FloatVector.broadcast(F, a[a5 + k]);
      s50 = x.fma(v0, s50);
      s51 = x.fma(v1, s51);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + W);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + W);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + W);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + W);
    s40.intoArray(c, c4);
    s41.intoArray(c, c4 + W);
    s50.intoArray(c, c5);
    s51.intoArray(c, c5 + W);
  }

  private static void multiply3x2(
      float[] a,
      int a0,
      int aStride,
      float[] b,
      int b0,
      int b1,
      int bStride,
      int depth,
      float[] c,
      int c0,
      int cStride,
      boolean add) {
    int a1 = a0 + aStride;
    int a2 = a1 + aStride;
    int c1 = c0 + cStride;
    int c2 = c1 + cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + W);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + W);
    FloatVector s20 = start(add, c, c2);
    FloatVector s21 = start(add, c, c2 + W);
    for (int k = 0; k < depth; k++) {
      FloatVector v0 = FloatVector.fromArray(F, b, b0 + k * bStride);
      FloatVector v1 = FloatVector.fromArray(F, b, b1 + k * bStride);
      FloatVector x = FloatVector.broadcast(F, a[a0 + k]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      x = FloatVector.broadcast(F, a[a1 + k]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      x = FloatVector.broadcast(F, a[a2 + k]);
      s20 = x.fma(v0, s20);
      s21 = x.fma(v1, s21);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + W);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + W);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + W);
  }

  private static void multiply1x2(
      float[] a,
      int a0,
      float[] b,
      int b0,
      int b1,
      int bStride,
      int depth,
      float[] c,
      int c0,
      boolean add) {
    FloatVector s0 = start(add, c, c0);
    FloatVector s1 = start(add, c, c0 + W);
    for (int k = 0; k < depth; k++) {
      FloatVector x = FloatVector.broadcast(F, a[a0 + k]);
      s0 = x.fma(FloatVector.fromArray(F, b, b0 + k * bStride), s0);
      s1 = x.fma(FloatVector.fromArray(F, b, b1 + k * bStride), s1);
    }
    s0.intoArray(c, c0);
    s1.intoArray(c, c0 + W);
  }

  private static void multiply1x1(
      float[] a,
      int a0,
      float[] b,
      int b0,
      int bStride,
      int depth,
      float[] c,
      int c0,
      boolean add) {
    FloatVector sum = start(add, c, c0);
    for (int k = 0; k < depth; k++) {
      FloatVector x = FloatVector.broadcast(F, a[a0 + k]);
      sum = x.fma(FloatVector.fromArray(F, b, b0 + k * bStride), sum);
    }
    sum.intoArray(c, c0);
  }
}
