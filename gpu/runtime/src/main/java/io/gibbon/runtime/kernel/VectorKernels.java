package io.gibbon.runtime.kernel;

import static io.gibbon.runtime.kernel.Simd.F;
import static io.gibbon.runtime.kernel.Simd.W;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The kernels with the Vector API, for vectors of 4, 8 or 16 floats. Results do not depend on the
 * width, bit for bit.
 */
public final class VectorKernels implements Kernels {

  private static final float LOWEST_EXPONENT = -87;
  private static final float HIGHEST_EXPONENT = 88;

  /**
   * ln 2 in two parts, the first with so few digits that multiples of it are exact (Cody and
   * Waite).
   */
  private static final float LN2_HIGH = 0x1.62e4p-1f;

  private static final float LN2_LOW = 0x1.7f7d1cp-20f;
  private static final float LOG2_E = 0x1.715476p0f;

  /** GELU's factors of x and x^3, twice those within its tanh. */
  private static final float GELU_LINEAR = 1.5957691216f;

  private static final float GELU_CUBIC = 0.0713548163f;

  /** Numbers that are summed in single precision, before the sum goes on in double precision. */
  private static final int SUMMED = 64 * LANES;

  /** Adding it rounds to an integer, which is then in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  @Override
  public String name() {
    return "vector-" + F.vectorBitSize();
  }

  @Override
  public void packRows(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      int from,
      int to,
      float[] out,
      int outOffset,
      int depth) {
    VectorRows.pack(a, aOffset, aStride, rows, from, to, out, outOffset, depth);
  }

  @Override
  public void multiply(
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
    VectorMultiply.multiply(
        a,
        aOffset,
        aDepth,
        from,
        rows,
        b,
        bOffset,
        bPanelStride,
        columns,
        depth,
        c,
        cOffset,
        cStride,
        add);
  }

  @Override
  public void unpack(
      PackedMatrix matrix, int panel, int fromBlock, int toBlock, float[] out, int outOffset) {
    VectorWeights.unpack(matrix, panel, fromBlock, toBlock, out, outOffset);
  }

  @Override
  public void multiplyPacked(
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
    VectorCodes.multiply(
        matrix, fromPanel, toPanel, x, xOffset, xStride, rows, out, outOffset, outStride);
  }

  @Override
  public void rmsNorm(
      float[] x, int xOffset, float[] weight, float epsilon, int n, float[] out, int outOffset) {
    float[] sums = new float[LANES];
    for (int lane = 0; lane < LANES; lane += W) {
      FloatVector sum = FloatVector.zero(F);
      for (int i = lane; i < n; i += LANES) {
        FloatVector v = FloatVector.fromArray(F, x, xOffset + i);
        sum = v.fma(v, sum);
      }
      sum.intoArray(sums, lane);
    }
    double squares = 0;
    for (float sum : sums) {
      squares += sum;
    }
    float factor = (float) (1 / Math.sqrt(squares / n + epsilon));
    for (int i = 0; i < n; i += W) {
      FloatVector.fromArray(F, x, xOffset + i)
          .mul(factor)
          .mul(FloatVector.fromArray(F, weight, i))
          .intoArray(out, outOffset + i);
    }
  }

  @Override
  public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector.fromArray(F, x, xOffset + i)
          .add(FloatVector.fromArray(F, y, yOffset + i))
          .intoArray(x, xOffset + i);
    }
  }

  @Override
  public void addScaled(float[] x, int xOffset, float factor, float[] y, int yOffset, int n) {
    FloatVector factors = FloatVector.broadcast(F, factor);
    for (int i = 0; i < n; i += W) {
      factors
          .fma(FloatVector.fromArray(F, y, yOffset + i), FloatVector.fromArray(F, x, xOffset + i))
          .intoArray(x, xOffset + i);
    }
  }

  @Override
  public void multiplyEach(float[] x, int xOffset, float[] factors, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector.fromArray(F, x, xOffset + i)
          .mul(FloatVector.fromArray(F, factors, i))
          .intoArray(x, xOffset + i);
    }
  }

  @Override
  public void swiGlu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector g = FloatVector.fromArray(F, gate, gateOffset + i);
      FloatVector u = FloatVector.fromArray(F, up, upOffset + i);
      g.div(exp(g.neg()).add(1f)).mul(u).intoArray(gate, gateOffset + i);
    }
  }

  @Override
  public void geGlu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
    for (int i = 0; i < n; i += W) {
      FloatVector g = FloatVector.fromArray(F, gate, gateOffset + i);
      FloatVector u = FloatVector.fromArray(F, up, upOffset + i);
      FloatVector factor = g.mul(g).fma(GELU_CUBIC, GELU_LINEAR);
      g.div(exp(g.mul(factor).neg()).add(1f)).mul(u).intoArray(gate, gateOffset + i);
    }
  }

  @Override
  public float softmax(
      float[] scores,
      int offset,
      int count,
      int width,
      float scale,
      float greatest,
      float[] accumulator,
      int accumulatorOffset,
      int length) {
    for (int i = count; i < width; i++) {
      scores[offset + i] = Float.NEGATIVE_INFINITY;
    }
    FloatVector best = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < width; i += W) {
      best = FloatVector.fromArray(F, scores, offset + i).max(best);
    }
    float max = Math.max(greatest, best.reduceLanes(VectorOperators.MAX) * scale);
    if (max == Float.NEGATIVE_INFINITY) {
      for (int i = 0; i < width; i++) {
        scores[offset + i] = 0;
      }
      return max;
    }
    if (max > greatest) {
      rescale(accumulator, accumulatorOffset, length, greatest - max);
    }
    int sums = accumulatorOffset + length - LANES;
    for (int lane = 0; lane < LANES; lane += W) {
      FloatVector sum = FloatVector.fromArray(F, accumulator, sums + lane);
      for (int i = lane; i < width; i += LANES) {
        FloatVector p = exp(FloatVector.fromArray(F, scores, offset + i).mul(scale).sub(max));
        p.intoArray(scores, offset + i);
        sum = p.add(sum);
      }
      sum.intoArray(accumulator, sums + lane);
    }
    return max;
  }

  private static void rescale(float[] x, int offset, int n, float exponent) {
    FloatVector factor = exp(FloatVector.broadcast(F, exponent));
    for (int i = 0; i < n; i += W) {
      FloatVector.fromArray(F, x, offset + i).mul(factor).intoArray(x, offset + i);
    }
  }

  /**
   * 2^n * p(r) with x = n ln 2 + r, |r| at most ln 2 / 2, and a minimax polynomial of degree 6
   * (Cephes).
   */
  private static FloatVector exp(FloatVector x) {
    FloatVector bounded = x.min(HIGHEST_EXPONENT).max(LOWEST_EXPONENT);
    FloatVector rounded =
        bounded.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUNDER));
    FloatVector n = rounded.sub(ROUNDER);
    FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), bounded);
    r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
    FloatVector p = FloatVector.broadcast(F, 1.9875691500e-4f);
    p = p.fma(r, FloatVector.broadcast(F, 1.3981999507e-3f));
    p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
    p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
    p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
    p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
    p = p.fma(r.mul(r), r.add(1f));
    IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector result = p.reinterpretAsInts().add(power).reinterpretAsFloats();
    return result.blend(0f, x.compare(VectorOperators.LT, LOWEST_EXPONENT));
  }

  @Override
  public double exponentials(float[] x, int n, float shift, float factor, float[] out) {
    double sum = 0;
    int i = 0;
    float[] sums = new float[LANES];
    while (i <= n - LANES) {
      int end = Math.min(n - n % LANES, i + SUMMED);
      Arrays.fill(sums, 0);
      for (; i < end; i += W) {
        FloatVector e = exp(FloatVector.fromArray(F, x, i).sub(shift).mul(factor));
        e.intoArray(out, i);
        int lane = i % LANES;
        e.add(FloatVector.fromArray(F, sums, lane)).intoArray(sums, lane);
      }
      for (float part : sums) {
        sum += part;
      }
    }
    for (; i < n; i++) {
      float exponent = (x[i] - shift) * factor;
      out[i] = exponent < -87 ? 0 : (float) Math.exp(exponent);
      sum += out[i];
    }
    return sum;
  }

  @Override
  public void widenCodes(MemorySegment from, long offset, float[] to, int toOffset, int n) {
    VectorCached.widenCodes(from, offset, to, toOffset, n);
  }

  @Override
  public void widenHalves(MemorySegment from, long offset, float[] to, int toOffset, int n) {
    VectorCached.widenHalves(from, offset, to, toOffset, n);
  }

  @Override
  public void multiplyHalves(
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
    VectorCached.multiplyHalves(
        a,
        aOffset,
        aStride,
        rows,
        b,
        bOffset,
        bPanelBytes,
        columns,
        depth,
        c,
        cOffset,
        cStride,
        add);
  }

  @Override
  public void multiplyCodes(
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
    VectorCached.multiplyCodes(
        a,
        aOffset,
        aStride,
        rows,
        b,
        bOffset,
        bPanelBytes,
        columns,
        depth,
        c,
        cOffset,
        cStride,
        add);
  }
}
