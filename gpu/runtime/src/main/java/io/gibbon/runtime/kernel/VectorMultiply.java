package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.Kernels.LANES;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.W;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;

/**
 * Matrix products over panels: outer products of the rows of a {@link VectorRows panel} and some
 * vectors of columns, whose sums stay in registers. A sum runs along the depth from first to last
 * whichever shape it is part of.
 *
 * <p>A core that shares its front end with another thread of the machine is bound by instructions,
 * not by multiply-adds. So the loops have little else: both operands are read from one place each
 * at constant distances, and two steps of the depth share what counts the loop. Before each number
 * that is loaded stands a fence, which is no instruction: it keeps the compiler from loading the
 * next ones before that one is used, for which there are no registers. With sums that are spilled
 * encoding takes 1.7 times as long.
 */
final class VectorMultiply {

  private VectorMultiply() {}

  /** As {@link Kernels#multiply}. */
  static void multiply(
      float[] a,
      int aOffset,
      int aDepth,
      int from,
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
    for (int column = 0; column < columns; column += 2 * W) {
      int b0 = bOffset + at(column, bPanelStride);
      int next = Math.min(W, columns - W - column);
      int bNext = next == 0 ? 0 : bPanelStride;
      for (int row = 0; row < rows; ) {
        int size = VectorRows.size(rows - row);
        int last = Math.min(size, rows - row) - 1;
        int a0 = aOffset + row * aDepth + from * size;
        int c0 = cOffset + row * cStride + column;
        switch (size) {
          case 2 -> tile2x2(a, a0, last, b, b0, bNext, depth, c, c0, next, cStride, add);
          case 4 -> tile4x2(a, a0, last, b, b0, bNext, depth, c, c0, next, cStride, add);
          default -> tile6x2(a, a0, last, b, b0, bNext, depth, c, c0, next, cStride, add);
        }
        row += size;
      }
    }
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
      int lastRow,
      float[] b,
      int b0,
      int bNext,
      int depth,
      float[] c,
      int c0,
      int cNext,
      int cStride,
      boolean add) {
    int nextB = W < LANES ? W : bNext;
    int nextC = W < LANES ? W : cNext;
    int c1 = c0 + Math.min(1, lastRow) * cStride;
    int c2 = c0 + Math.min(2, lastRow) * cStride;
    int c3 = c0 + Math.min(3, lastRow) * cStride;
    int c4 = c0 + Math.min(4, lastRow) * cStride;
    int c5 = c0 + Math.min(5, lastRow) * cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + nextC);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + nextC);
    FloatVector s20 = start(add, c, c2);
    FloatVector s21 = start(add, c, c2 + nextC);
    FloatVector s30 = start(add, c, c3);
    FloatVector s31 = start(add, c, c3 + nextC);
    FloatVector s40 = start(add, c, c4);
    FloatVector s41 = start(add, c, c4 + nextC);
    FloatVector s50 = start(add, c, c5);
    FloatVector s51 = start(add, c, c5 + nextC);
    int ak = a0;
    int end = b0 + depth * LANES;
    for (int bk = b0; bk < end; bk += 2 * LANES) {
      FloatVector v0 = FloatVector.fromArray(F, b, bk);
      FloatVector v1 = FloatVector.fromArray(F, b, bk + nextB);
      FloatVector x = FloatVector.broadcast(F, a[ak]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 1]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 2]);
      s20 = x.fma(v0, s20);
      s21 = x.fma(v1, s21);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 3]);
      s30 = x.fma(v0, s30);
      s31 = x.fma(v1, s31);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 4]);
      s40 = x.fma(v0, s40);
      s41 = x.fma(v1, s41);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 5]);
      s50 = x.fma(v0, s50);
      s51 = x.fma(v1, s51);
      VarHandle.loadLoadFence();
      v0 = FloatVector.fromArray(F, b, bk + LANES);
      v1 = FloatVector.fromArray(F, b, bk + LANES + nextB);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 6]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 7]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 8]);
      s20 = x.fma(v0, s20);
      s21 = x.fma(v1, s21);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 9]);
      s30 = x.fma(v0, s30);
      s31 = x.fma(v1, s31);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 10]);
      s40 = x.fma(v0, s40);
      s41 = x.fma(v1, s41);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 11]);
      s50 = x.fma(v0, s50);
      s51 = x.fma(v1, s51);
      VarHandle.loadLoadFence();
      ak += 12;
    }
    s51.intoArray(c, c5 + nextC);
    s50.intoArray(c, c5);
    s41.intoArray(c, c4 + nextC);
    s40.intoArray(c, c4);
    s31.intoArray(c, c3 + nextC);
    s30.intoArray(c, c3);
    s21.intoArray(c, c2 + nextC);
    s20.intoArray(c, c2);
    s11.intoArray(c, c1 + nextC);
    s10.intoArray(c, c1);
    s01.intoArray(c, c0 + nextC);
    s00.intoArray(c, c0);
  }

  private static void tile4x2(
      float[] a,
      int a0,
      int lastRow,
      float[] b,
      int b0,
      int bNext,
      int depth,
      float[] c,
      int c0,
      int cNext,
      int cStride,
      boolean add) {
    int nextB = W < LANES ? W : bNext;
    int nextC = W < LANES ? W : cNext;
    int c1 = c0 + Math.min(1, lastRow) * cStride;
    int c2 = c0 + Math.min(2, lastRow) * cStride;
    int c3 = c0 + Math.min(3, lastRow) * cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + nextC);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + nextC);
    FloatVector s20 = start(add, c, c2);
    FloatVector s21 = start(add, c, c2 + nextC);
    FloatVector s30 = start(add, c, c3);
    FloatVector s31 = start(add, c, c3 + nextC);
    int ak = a0;
    int end = b0 + depth * LANES;
    for (int bk = b0; bk < end; bk += 2 * LANES) {
      FloatVector v0 = FloatVector.fromArray(F, b, bk);
      FloatVector v1 = FloatVector.fromArray(F, b, bk + nextB);
      FloatVector x = FloatVector.broadcast(F, a[ak]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 1]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 2]);
      s20 = x.fma(v0, s20);
      s21 = x.fma(v1, s21);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 3]);
      s30 = x.fma(v0, s30);
      s31 = x.fma(v1, s31);
      VarHandle.loadLoadFence();
      v0 = FloatVector.fromArray(F, b, bk + LANES);
      v1 = FloatVector.fromArray(F, b, bk + LANES + nextB);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 4]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 5]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 6]);
      s20 = x.fma(v0, s20);
      s21 = x.fma(v1, s21);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 7]);
      s30 = x.fma(v0, s30);
      s31 = x.fma(v1, s31);
      VarHandle.loadLoadFence();
      ak += 8;
    }
    s31.intoArray(c, c3 + nextC);
    s30.intoArray(c, c3);
    s21.intoArray(c, c2 + nextC);
    s20.intoArray(c, c2);
    s11.intoArray(c, c1 + nextC);
    s10.intoArray(c, c1);
    s01.intoArray(c, c0 + nextC);
    s00.intoArray(c, c0);
  }

  private static void tile2x2(
      float[] a,
      int a0,
      int lastRow,
      float[] b,
      int b0,
      int bNext,
      int depth,
      float[] c,
      int c0,
      int cNext,
      int cStride,
      boolean add) {
    int nextB = W < LANES ? W : bNext;
    int nextC = W < LANES ? W : cNext;
    int c1 = c0 + Math.min(1, lastRow) * cStride;
    FloatVector s00 = start(add, c, c0);
    FloatVector s01 = start(add, c, c0 + nextC);
    FloatVector s10 = start(add, c, c1);
    FloatVector s11 = start(add, c, c1 + nextC);
    int ak = a0;
    int end = b0 + depth * LANES;
    for (int bk = b0; bk < end; bk += 2 * LANES) {
      FloatVector v0 = FloatVector.fromArray(F, b, bk);
      FloatVector v1 = FloatVector.fromArray(F, b, bk + nextB);
      FloatVector x = FloatVector.broadcast(F, a[ak]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 1]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      VarHandle.loadLoadFence();
      v0 = FloatVector.fromArray(F, b, bk + LANES);
      v1 = FloatVector.fromArray(F, b, bk + LANES + nextB);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 2]);
      s00 = x.fma(v0, s00);
      s01 = x.fma(v1, s01);
      VarHandle.loadLoadFence();
      x = FloatVector.broadcast(F, a[ak + 3]);
      s10 = x.fma(v0, s10);
      s11 = x.fma(v1, s11);
      VarHandle.loadLoadFence();
      ak += 4;
    }
    s11.intoArray(c, c1 + nextC);
    s10.intoArray(c, c1);
    s01.intoArray(c, c0 + nextC);
    s00.intoArray(c, c0);
  }
}
