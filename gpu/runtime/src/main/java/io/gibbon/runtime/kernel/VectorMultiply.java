package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.Kernels.LANES;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.W;

import jdk.incubator.vector.FloatVector;

/**
 * Matrix products over panels: outer products of some rows and some vectors of columns, whose sums
 * stay in registers. A sum runs along the depth from first to last whichever shape it is part of.
 *
 * <p>A shape that sticks out computes its last row or column again, and writes it again, rather
 * than leave registers empty: eight or more independent sums are what hides the latency of a fused
 * multiply-add.
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
      int bPanelStride,
      int columns,
      int depth,
      float[] c,
      int cOffset,
      int cStride,
      boolean add) {
    int wide = rows - few(rows);
    for (int column = 0; column < columns && wide > 0; column += 2 * W) {
      int next = Math.min(column + W, columns - W);
      int b0 = bOffset + at(column, bPanelStride);
      int b1 = bOffset + at(next, bPanelStride);
      for (int row = 0; row < wide; row += 6) {
        int a0 = aOffset + row * aStride;
        int c0 = cOffset + row * cStride + column;
        int last = Math.min(6, wide - row) - 1;
        if (last < 4) {
          tile4x2(a, a0, aStride, last, b, b0, b1, depth, c, c0, next - column, cStride, add);
        } else {
          tile6x2(a, a0, aStride, last, b, b0, b1, depth, c, c0, next - column, cStride, add);
        }
      }
    }
    for (int column = 0; column < columns && wide < rows; column += 4 * W) {
      int n1 = Math.min(column + W, columns - W);
      int n2 = Math.min(column + 2 * W, columns - W);
      int n3 = Math.min(column + 3 * W, columns - W);
      tile2x4(
          a,
          aOffset + wide * aStride,
          aStride,
          rows - wide - 1,
          b,
          bOffset + at(column, bPanelStride),
          bOffset + at(n1, bPanelStride),
          bOffset + at(n2, bPanelStride),
          bOffset + at(n3, bPanelStride),
          depth,
          c,
          cOffset + wide * cStride + column,
          n1 - column,
          n2 - column,
          n3 - column,
          cStride,
          add);
    }
  }

  /** Rows left for the shape of one or two rows. */
  private static int few(int rows) {
    int left = rows % 6;
    return left <= 2 ? left : 0;
  }

  /** Where a vector of columns begins within the panels. */
  static int at(int column, int bPanelStride) {
    return column / LANES * bPanelStride + column % LANES;
  }

  /** What a sum starts from. */
  static FloatVector start(boolean add, float[] c, int offset) {
    return add ? FloatVector.fromArray(F, c, offset) : FloatVector.zero(F);
  }

  private static void tile6x2(
      float[] a,
      int a0,
      int aStride,
      int lastRow,
      float[] b,
      int b0,
      int b1,
      int depth,
      float[] c,
      int c0,
      int next1,
      int cStride,
      boolean add) {
    int r1 = Math.min(1, lastRow);
    int r2 = Math.min(2, lastRow);
    int r3 = Math.min(3, lastRow);
    int r4 = Math.min(4, lastRow);
    int r5 = Math.min(5, lastRow);
    int a1 = a0 + r1 * aStride;
    int a2 = a0 + r2 * aStride;
    int a3 = a0 + r3 * aStride;
    int a4 = a0 + r4 * aStride;
    int a5 = a0 + r5 * aStride;
    int c1 = c0 + r1 * cStride;
    int c2 = c0 + r2 * cStride;
    int c3 = c0 + r3 * cStride;
    int c4 = c0 + r4 * cStride;
    int c5 = c0 + r5 * cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + next1);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + next1);
    FloatVector s20 = start(add, c, c2);
    FloatVector s21 = start(add, c, c2 + next1);
    FloatVector s30 = start(add, c, c3);
    FloatVector s31 = start(add, c, c3 + next1);
    FloatVector s40 = start(add, c, c4);
    FloatVector s41 = start(add, c, c4 + next1);
    FloatVector s50 = start(add, c, c5);
    FloatVector s51 = start(add, c, c5 + next1);
    for (int k = 0; k < depth; k++) {
      FloatVector v0 = FloatVector.fromArray(F, b, b0 + k * LANES);
      FloatVector v1 = FloatVector.fromArray(F, b, b1 + k * LANES);
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
    s01.intoArray(c, c0 + next1);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + next1);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + next1);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + next1);
    s40.intoArray(c, c4);
    s41.intoArray(c, c4 + next1);
    s50.intoArray(c, c5);
    s51.intoArray(c, c5 + next1);
  }

  private static void tile4x2(
      float[] a,
      int a0,
      int aStride,
      int lastRow,
      float[] b,
      int b0,
      int b1,
      int depth,
      float[] c,
      int c0,
      int next1,
      int cStride,
      boolean add) {
    int r1 = Math.min(1, lastRow);
    int r2 = Math.min(2, lastRow);
    int r3 = Math.min(3, lastRow);
    int a1 = a0 + r1 * aStride;
    int a2 = a0 + r2 * aStride;
    int a3 = a0 + r3 * aStride;
    int c1 = c0 + r1 * cStride;
    int c2 = c0 + r2 * cStride;
    int c3 = c0 + r3 * cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + next1);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + next1);
    FloatVector s20 = start(add, c, c2);
    FloatVector s21 = start(add, c, c2 + next1);
    FloatVector s30 = start(add, c, c3);
    FloatVector s31 = start(add, c, c3 + next1);
    for (int k = 0; k < depth; k++) {
      FloatVector v0 = FloatVector.fromArray(F, b, b0 + k * LANES);
      FloatVector v1 = FloatVector.fromArray(F, b, b1 + k * LANES);
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
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + next1);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + next1);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + next1);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + next1);
  }

  private static void tile2x4(
      float[] a,
      int a0,
      int aStride,
      int lastRow,
      float[] b,
      int b0,
      int b1,
      int b2,
      int b3,
      int depth,
      float[] c,
      int c0,
      int next1,
      int next2,
      int next3,
      int cStride,
      boolean add) {
    int r1 = Math.min(1, lastRow);
    int a1 = a0 + r1 * aStride;
    int c1 = c0 + r1 * cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + next1);
    FloatVector s02 = start(add, c, c0 + next2);
    FloatVector s03 = start(add, c, c0 + next3);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + next1);
    FloatVector s12 = start(add, c, c1 + next2);
    FloatVector s13 = start(add, c, c1 + next3);
    for (int k = 0; k < depth; k++) {
      FloatVector v0 = FloatVector.fromArray(F, b, b0 + k * LANES);
      FloatVector v1 = FloatVector.fromArray(F, b, b1 + k * LANES);
      FloatVector v2 = FloatVector.fromArray(F, b, b2 + k * LANES);
      FloatVector v3 = FloatVector.fromArray(F, b, b3 + k * LANES);
      FloatVector x = FloatVector.broadcast(F, a[a0 + k]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      s02 = x.fma(v2, s02);
      s03 = x.fma(v3, s03);
      x = FloatVector.broadcast(F, a[a1 + k]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      s12 = x.fma(v2, s12);
      s13 = x.fma(v3, s13);
    }
    s00.intoArray(c, c0);
    s01.intoArray(c, c0 + next1);
    s02.intoArray(c, c0 + next2);
    s03.intoArray(c, c0 + next3);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + next1);
    s12.intoArray(c, c1 + next2);
    s13.intoArray(c, c1 + next3);
  }
}
