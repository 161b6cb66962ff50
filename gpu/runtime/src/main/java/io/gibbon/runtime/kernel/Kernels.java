package io.gibbon.runtime.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The primitive operations of the forward pass. Implementations have no state and are safe for any
 * number of threads.
 *
 * <p>Every element of a result has one order of reduction, which depends neither on how many rows
 * there are nor on where they lie: one row gives the same bits alone as among sixteen. Products
 * accumulate along the depth from first to last by fused multiply-add; sums of vectors run in
 * {@value #LANES} interleaved partial sums.
 *
 * <p>Matrices of activations are float arrays, row-major unless they are packed, with an offset and
 * a stride (the distance of rows) in floats.
 */
public interface Kernels {

  /** Partial sums of a reduction over a vector. */
  int LANES = 16;

  /** The fastest kernels that this JVM can run. */
  static Kernels fastest() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
        ? new VectorKernels()
        : new ScalarKernels();
  }

  /** Name in logs, such as {@code vector-256}. */
  String name();

  /**
   * Room for {@link #packRows}: one row more than there are, so that they can be made even.
   *
   * @throws ArithmeticException if that is more than an array holds
   */
  static int packedLength(int rows, int depth) {
    return Math.multiplyExact(rows + 1, depth);
  }

  /**
   * Puts the columns {@code from} to before {@code to} of rows in the order in which {@link
   * #multiply} reads them, which is the implementation's own: whatever was packed by one is
   * multiplied by the same one.
   *
   * @param a {@code rows} x {@code depth}
   * @param out has room for {@link #packedLength} numbers from {@code outOffset} on
   * @param depth columns of the whole matrix
   */
  void packRows(
      float[] a,
      int aOffset,
      int aStride,
      int rows,
      int from,
      int to,
      float[] out,
      int outOffset,
      int depth);

  /**
   * A matrix product over a part of the depth: {@code c = a * b}, or {@code c += a * b}.
   *
   * @param a packed rows of {@code aDepth} columns
   * @param from the first of their columns that is multiplied
   * @param depth how many columns are; even
   * @param b {@code depth} x {@code columns}
   * @param bPanelStride distance of panels of {@value #LANES} columns: column j of row k lies at
   *     {@code bOffset + j / 16 * bPanelStride + k * 16 + j % 16}
   * @param columns a multiple of {@value #LANES}
   * @param c {@code rows} x {@code columns}
   * @param add whether to go on from what is in {@code c}
   */
  void multiply(
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
      boolean add);

  /**
   * The numbers of some blocks of one panel of a weight: {@code (toBlock - fromBlock) * 32} rows of
   * 16 floats, column after column of the matrix, from {@code outOffset}. Coded weights become
   * {@code fma(code, scale, minimum)}.
   */
  void unpack(
      PackedMatrix matrix, int panel, int fromBlock, int toBlock, float[] out, int outOffset);

  /**
   * The product of a few rows, row-major, and some panels of a weight of codes, with the bits that
   * {@link #unpack} and {@link #multiply} give.
   *
   * @param rows at least 1; the more, the better it is to unpack
   * @param out receives 16 floats a row and panel, that of panel 0 at {@code outOffset}
   */
  void multiplyPacked(
      PackedMatrix matrix,
      int fromPanel,
      int toPanel,
      float[] x,
      int xOffset,
      int xStride,
      int rows,
      float[] out,
      int outOffset,
      int outStride);

  /**
   * {@code out = x / sqrt(mean(x^2) + epsilon) * weight}, where out may be x; {@code n} is a
   * multiple of {@value #LANES}.
   */
  void rmsNorm(
      float[] x, int xOffset, float[] weight, float epsilon, int n, float[] out, int outOffset);

  /** {@code x += y}; {@code n} is a multiple of {@value #LANES}, here and in the following. */
  void add(float[] x, int xOffset, float[] y, int yOffset, int n);

  /** {@code x += factor * y}. */
  void addScaled(float[] x, int xOffset, float factor, float[] y, int yOffset, int n);

  /** {@code x *= factors}. */
  void multiplyEach(float[] x, int xOffset, float[] factors, int n);

  /** {@code gate = gate / (1 + exp(-gate)) * up}. */
  void swiGlu(float[] gate, int gateOffset, float[] up, int upOffset, int n);

  /**
   * {@code gate = gelu(gate) * up} with the approximation {@code gelu(x) = x / 2 * (1 + tanh(sqrt(2
   * / pi) * (x + 0.044715 x^3)))} (arXiv 1606.08415), which is {@code x / (1 + exp(-2 sqrt(2 / pi)
   * * (x + 0.044715 x^3)))}.
   */
  void geGlu(float[] gate, int gateOffset, float[] up, int upOffset, int n);

  /**
   * One step of an online softmax over one tile of scores. The state of a row is its greatest score
   * so far and an accumulator of {@code length} floats, the last {@value #LANES} of which are
   * partial sums of the exponentials; all of it is relative to that greatest score.
   *
   * <p>Replaces the scores by {@code exp(scale * score - greatest)}, adds these to the partial
   * sums, and before that rescales the accumulator if the greatest score grew.
   *
   * @param scores {@code width} floats from {@code offset}; those from {@code count} on and those
   *     that are negative infinity are masked and become 0
   * @param width a multiple of {@value #LANES}
   * @param greatest greatest scaled score of earlier tiles; negative infinity at first
   * @return the greatest scaled score so far
   */
  float softmax(
      float[] scores,
      int offset,
      int count,
      int width,
      float scale,
      float greatest,
      float[] accumulator,
      int accumulatorOffset,
      int length);

  /**
   * {@code out = exp((x - shift) * factor)} for any {@code n}, and the sum of it. Exponents are at
   * most 88; below -87 the result is 0. The relative error of each is under 3e-7.
   */
  double exponentials(float[] x, int n, float shift, float factor, float[] out);

  /**
   * Widens signed 8-bit codes to binary32.
   *
   * @param n a multiple of twice {@value #LANES}
   */
  void widenCodes(MemorySegment from, long offset, float[] to, int toOffset, int n);

  /** Widens binary16, all finite, little-endian, to binary32. */
  void widenHalves(MemorySegment from, long offset, float[] to, int toOffset, int n);

  /**
   * As {@link #multiply}, with the same bits, but {@code a} is row-major, and {@code b} is
   * binary16, all finite and little-endian, and widened on the way: faster for a few rows.
   *
   * @param bPanelBytes distance of panels
   * @param depth even
   */
  void multiplyHalves(
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
      boolean add);

  /** As {@link #multiplyHalves}, but {@code b} is signed 8-bit codes. */
  void multiplyCodes(
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
      boolean add);
}
