package io.gibbon.runtime.kernel;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The kernels as plain loops: the reference that faster ones are held to. */
public final class ScalarKernels implements Kernels {

  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  @Override
  public String name() {
    return "scalar";
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
    for (int row = 0; row < rows; row++) {
      System.arraycopy(
          a, aOffset + row * aStride + from, out, outOffset + row * depth + from, to - from);
    }
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
    int first = aOffset + from;
    for (int column = 0; column < columns; column += LANES) {
      int panel = bOffset + column / LANES * bPanelStride;
      multiplyPanel(a, first, aDepth, rows, b, panel, depth, c, cOffset + column, cStride, add);
    }
  }

  private static void multiplyPanel(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      float[] b,
      int bOffset,
      int depth,
      float[] c,
      int cOffset,
      int cStride,
      boolean add) {
    for (int row = 0; row < rows; row++) {
      for (int lane = 0; lane < LANES; lane++) {
        int target = cOffset + row * cStride + lane;
        float sum = add ? c[target] : 0;
        for (int k = 0; k < depth; k++) {
          sum = Math.fma(a[aOffset + row * aStride + k], b[bOffset + k * LANES + lane], sum);
        }
        c[target] = sum;
      }
    }
  }

  @Override
  public void unpack(
      PackedMatrix matrix, int panel, int fromBlock, int toBlock, float[] out, int outOffset) {
    int target = outOffset;
    for (int block = fromBlock; block < toBlock; block++) {
      for (int k = 0; k < PackedMatrix.BLOCK; k++) {
        for (int lane = 0; lane < PackedMatrix.PANEL; lane++) {
          out[target++] = matrix.value(panel, block, lane, k);
        }
      }
    }
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
    int depth = matrix.columns();
    float[] panel = new float[depth * PackedMatrix.PANEL];
    for (int p = fromPanel; p < toPanel; p++) {
      unpack(matrix, p, 0, matrix.blocks(), panel, 0);
      int to = outOffset + p * PackedMatrix.PANEL;
      multiplyPanel(x, xOffset, xStride, rows, panel, 0, depth, out, to, outStride, false);
    }
  }

  @Override
  public void rmsNorm(
      float[] x, int xOffset, float[] weight, float epsilon, int n, float[] out, int outOffset) {
    double squares = 0;
    for (int i = 0; i < n; i++) {
      squares += (double) x[xOffset + i] * x[xOffset + i];
    }
    float factor = (float) (1 / Math.sqrt(squares / n + epsilon));
    for (int i = 0; i < n; i++) {
      out[outOffset + i] = x[xOffset + i] * factor * weight[i];
    }
  }

  @Override
  public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
    for (int i = 0; i < n; i++) {
      x[xOffset + i] += y[yOffset + i];
    }
  }

  @Override
  public void addScaled(float[] x, int xOffset, float factor, float[] y, int yOffset, int n) {
    for (int i = 0; i < n; i++) {
      x[xOffset + i] = Math.fma(factor, y[yOffset + i], x[xOffset + i]);
    }
  }

  @Override
  public void multiplyEach(float[] x, int xOffset, float[] factors, int n) {
    for (int i = 0; i < n; i++) {
      x[xOffset + i] *= factors[i];
    }
  }

  @Override
  public void swiGlu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
    for (int i = 0; i < n; i++) {
      double g = gate[gateOffset + i];
      gate[gateOffset + i] = (float) (g / (1 + Math.exp(-g)) * up[upOffset + i]);
    }
  }

  @Override
  public void geGlu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
    for (int i = 0; i < n; i++) {
      double g = gate[gateOffset + i];
      double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g));
      gate[gateOffset + i] = (float) (g / 2 * (1 + tanh) * up[upOffset + i]);
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
    float max = greatest;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, scores[offset + i] * scale);
    }
    if (max == Float.NEGATIVE_INFINITY) {
      Arrays.fill(scores, offset, offset + width, 0);
      return max;
    }
    if (max > greatest) {
      float factor = (float) Math.exp((double) greatest - max);
      for (int i = 0; i < length; i++) {
        accumulator[accumulatorOffset + i] *= factor;
      }
    }
    int sums = accumulatorOffset + length - LANES;
    for (int i = 0; i < width; i++) {
      float p = i < count ? (float) Math.exp((double) scores[offset + i] * scale - max) : 0;
      scores[offset + i] = p;
      accumulator[sums + i % LANES] += p;
    }
    return max;
  }

  @Override
  public double exponentials(float[] x, int n, float shift, float factor, float[] out) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      float exponent = (x[i] - shift) * factor;
      out[i] = exponent < -87 ? 0 : (float) Math.exp(exponent);
      sum += out[i];
    }
    return sum;
  }

  @Override
  public void widenCodes(MemorySegment from, long offset, float[] to, int toOffset, int n) {
    for (int i = 0; i < n; i++) {
      to[toOffset + i] = from.get(ValueLayout.JAVA_BYTE, offset + i);
    }
  }

  @Override
  public void widenHalves(MemorySegment from, long offset, float[] to, int toOffset, int n) {
    for (int i = 0; i < n; i++) {
      to[toOffset + i] = Float.float16ToFloat(from.get(HALF, offset + 2L * i));
    }
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
    float[] panel = new float[depth * LANES];
    for (int column = 0; column < columns; column += LANES) {
      widenHalves(b, bOffset + column / LANES * bPanelBytes, panel, 0, panel.length);
      int target = cOffset + column;
      multiplyPanel(a, aOffset, aStride, rows, panel, 0, depth, c, target, cStride, add);
    }
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
    float[] panel = new float[depth * LANES];
    for (int column = 0; column < columns; column += LANES) {
      widenCodes(b, bOffset + column / LANES * bPanelBytes, panel, 0, panel.length);
      int target = cOffset + column;
      multiplyPanel(a, aOffset, aStride, rows, panel, 0, depth, c, target, cStride, add);
    }
  }
}
