package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.PackedMatrix.BLOCK;
import static io.gibbon.runtime.kernel.PackedMatrix.PANEL;
import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.I;
import static io.gibbon.runtime.kernel.Simd.W;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Unpacks weights, and multiplies a single row by coded weights without unpacking them to memory.
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
          case CODES_4 -> unpackCodes4(data, at, out, target);
          case CODES_8 -> unpackCodes8(data, at, 8, out, target);
          case CODES_8_HALVES -> {
            unpackCodes8(data, at, 4, out, target);
            unpackCodes8(data, at + 5 * PANEL_BYTES, 4, out, target + BLOCK / 2 * PANEL);
          }
          case CODES_8_MINIMUM -> unpackCodes8Minimum(data, at, out, target);
          case F16 -> unpackF16(data, at, out, target);
          case BF16 -> unpackBf16(data, at, out, target);
          case F32 -> unpackF32(data, at, out, target);
        }
      }
    }
  }

  private static void unpackCodes4(MemorySegment data, long at, float[] out, int target) {
    FloatVector scale = FloatVector.fromMemorySegment(F, data, at, ORDER);
    FloatVector minimum = FloatVector.fromMemorySegment(F, data, at + PANEL_BYTES, ORDER);
    for (int word = 0; word < 4; word++) {
      IntVector codes = IntVector.fromMemorySegment(I, data, at + (2 + word) * PANEL_BYTES, ORDER);
      for (int i = 0; i < 8; i++) {
        code4(codes).fma(scale, minimum).intoArray(out, target + (word * 8 + i) * PANEL);
        codes = codes.lanewise(VectorOperators.LSHR, 4);
      }
    }
  }

  /** Unpacks one group of as many words of codes. */
  private static void unpackCodes8(
      MemorySegment data, long at, int words, float[] out, int target) {
    FloatVector scale = FloatVector.fromMemorySegment(F, data, at, ORDER);
    for (int word = 0; word < words; word++) {
      IntVector codes = IntVector.fromMemorySegment(I, data, at + (1 + word) * PANEL_BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        code8(codes).mul(scale).intoArray(out, target + (word * 4 + i) * PANEL);
        codes = codes.lanewise(VectorOperators.LSHR, 8);
      }
    }
  }

  private static void unpackCodes8Minimum(MemorySegment data, long at, float[] out, int target) {
    FloatVector scale = FloatVector.fromMemorySegment(F, data, at, ORDER);
    FloatVector minimum = FloatVector.fromMemorySegment(F, data, at + PANEL_BYTES, ORDER);
    for (int word = 0; word < 8; word++) {
      IntVector codes = IntVector.fromMemorySegment(I, data, at + (2 + word) * PANEL_BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        code8(codes).fma(scale, minimum).intoArray(out, target + (word * 4 + i) * PANEL);
        codes = codes.lanewise(VectorOperators.LSHR, 8);
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

  private static FloatVector code4(IntVector codes) {
    return (FloatVector) codes.and(15).convert(VectorOperators.I2F, 0);
  }

  private static FloatVector code8(IntVector codes) {
    IntVector signed = codes.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24);
    return (FloatVector) signed.convert(VectorOperators.I2F, 0);
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

  /** As {@link Kernels#multiplyRow}: four vectors of outputs at a time. */
  static void multiplyRow(
      PackedMatrix matrix,
      int fromPanel,
      int toPanel,
      float[] x,
      int xOffset,
      float[] out,
      int outOffset) {
    MemorySegment data = matrix.data();
    int blocks = matrix.blocks();
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
      switch (matrix.encoding()) {
        case CODES_4 ->
            rowCodes4(data, at0, at1, at2, at3, blocks, x, xOffset, out, y0, y1, y2, y3);
        case CODES_8 ->
            rowCodes8(data, at0, at1, at2, at3, blocks, 8, x, xOffset, out, y0, y1, y2, y3);
        case CODES_8_HALVES ->
            rowCodes8(data, at0, at1, at2, at3, 2 * blocks, 4, x, xOffset, out, y0, y1, y2, y3);
        case CODES_8_MINIMUM ->
            rowCodes8Minimum(data, at0, at1, at2, at3, blocks, x, xOffset, out, y0, y1, y2, y3);
        case F16, BF16, F32 ->
            throw new IllegalArgumentException(matrix.encoding() + " has no codes");
      }
    }
  }

  /** Where the first vector of a row and its neighbours lies. */
  private static long address(PackedMatrix matrix, int row) {
    return matrix.panelOffset(row / PANEL) + (long) (row % PANEL) * Integer.BYTES;
  }

  private static void rowCodes4(
      MemorySegment data,
      long at0,
      long at1,
      long at2,
      long at3,
      int blocks,
      float[] x,
      int xOffset,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    for (int block = 0; block < blocks; block++) {
      long base = (long) block * (6 * PANEL_BYTES);
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + base, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + base, ORDER);
      FloatVector d2 = FloatVector.fromMemorySegment(F, data, at2 + base, ORDER);
      FloatVector d3 = FloatVector.fromMemorySegment(F, data, at3 + base, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, data, at0 + base + PANEL_BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, data, at1 + base + PANEL_BYTES, ORDER);
      FloatVector m2 = FloatVector.fromMemorySegment(F, data, at2 + base + PANEL_BYTES, ORDER);
      FloatVector m3 = FloatVector.fromMemorySegment(F, data, at3 + base + PANEL_BYTES, ORDER);
      for (int word = 0; word < 4; word++) {
        long codes = base + (2 + word) * PANEL_BYTES;
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + codes, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + codes, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, data, at2 + codes, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, data, at3 + codes, ORDER);
        int k = xOffset + block * BLOCK + word * 8;
        for (int i = 0; i < 8; i++) {
          FloatVector v = FloatVector.broadcast(F, x[k + i]);
          s0 = v.fma(code4(w0).fma(d0, m0), s0);
          s1 = v.fma(code4(w1).fma(d1, m1), s1);
          s2 = v.fma(code4(w2).fma(d2, m2), s2);
          s3 = v.fma(code4(w3).fma(d3, m3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 4);
          w1 = w1.lanewise(VectorOperators.LSHR, 4);
          w2 = w2.lanewise(VectorOperators.LSHR, 4);
          w3 = w3.lanewise(VectorOperators.LSHR, 4);
        }
      }
    }
    s0.intoArray(out, y0);
    s1.intoArray(out, y1);
    s2.intoArray(out, y2);
    s3.intoArray(out, y3);
  }

  /** Rows of groups of as many words of codes. */
  private static void rowCodes8(
      MemorySegment data,
      long at0,
      long at1,
      long at2,
      long at3,
      int groups,
      int words,
      float[] x,
      int xOffset,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    for (int group = 0; group < groups; group++) {
      long base = (long) group * (1 + words) * PANEL_BYTES;
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + base, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + base, ORDER);
      FloatVector d2 = FloatVector.fromMemorySegment(F, data, at2 + base, ORDER);
      FloatVector d3 = FloatVector.fromMemorySegment(F, data, at3 + base, ORDER);
      for (int word = 0; word < words; word++) {
        long codes = base + (1 + word) * PANEL_BYTES;
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + codes, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + codes, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, data, at2 + codes, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, data, at3 + codes, ORDER);
        int k = xOffset + (group * words + word) * 4;
        for (int i = 0; i < 4; i++) {
          FloatVector v = FloatVector.broadcast(F, x[k + i]);
          s0 = v.fma(code8(w0).mul(d0), s0);
          s1 = v.fma(code8(w1).mul(d1), s1);
          s2 = v.fma(code8(w2).mul(d2), s2);
          s3 = v.fma(code8(w3).mul(d3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 8);
          w1 = w1.lanewise(VectorOperators.LSHR, 8);
          w2 = w2.lanewise(VectorOperators.LSHR, 8);
          w3 = w3.lanewise(VectorOperators.LSHR, 8);
        }
      }
    }
    s0.intoArray(out, y0);
    s1.intoArray(out, y1);
    s2.intoArray(out, y2);
    s3.intoArray(out, y3);
  }

  private static void rowCodes8Minimum(
      MemorySegment data,
      long at0,
      long at1,
      long at2,
      long at3,
      int blocks,
      float[] x,
      int xOffset,
      float[] out,
      int y0,
      int y1,
      int y2,
      int y3) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    for (int block = 0; block < blocks; block++) {
      long base = (long) block * (10 * PANEL_BYTES);
      FloatVector d0 = FloatVector.fromMemorySegment(F, data, at0 + base, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, data, at1 + base, ORDER);
      FloatVector d2 = FloatVector.fromMemorySegment(F, data, at2 + base, ORDER);
      FloatVector d3 = FloatVector.fromMemorySegment(F, data, at3 + base, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, data, at0 + base + PANEL_BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, data, at1 + base + PANEL_BYTES, ORDER);
      FloatVector m2 = FloatVector.fromMemorySegment(F, data, at2 + base + PANEL_BYTES, ORDER);
      FloatVector m3 = FloatVector.fromMemorySegment(F, data, at3 + base + PANEL_BYTES, ORDER);
      for (int word = 0; word < 8; word++) {
        long codes = base + (2 + word) * PANEL_BYTES;
        IntVector w0 = IntVector.fromMemorySegment(I, data, at0 + codes, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, data, at1 + codes, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, data, at2 + codes, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, data, at3 + codes, ORDER);
        int k = xOffset + block * BLOCK + word * 4;
        for (int i = 0; i < 4; i++) {
          FloatVector v = FloatVector.broadcast(F, x[k + i]);
          s0 = v.fma(code8(w0).fma(d0, m0), s0);
          s1 = v.fma(code8(w1).fma(d1, m1), s1);
          s2 = v.fma(code8(w2).fma(d2, m2), s2);
          s3 = v.fma(code8(w3).fma(d3, m3), s3);
          w0 = w0.lanewise(VectorOperators.LSHR, 8);
          w1 = w1.lanewise(VectorOperators.LSHR, 8);
          w2 = w2.lanewise(VectorOperators.LSHR, 8);
          w3 = w3.lanewise(VectorOperators.LSHR, 8);
        }
      }
    }
    s0.intoArray(out, y0);
    s1.intoArray(out, y1);
    s2.intoArray(out, y2);
    s3.intoArray(out, y3);
  }
}
