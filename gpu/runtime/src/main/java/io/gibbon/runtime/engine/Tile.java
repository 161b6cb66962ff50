package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Products with some adjacent cached tokens of one layer and head: scores of queries and keys, and
 * sums of values weighted by probabilities. For many queries the tile's numbers are widened once,
 * to the heap; a few queries widen them on the way. Both give the same bits. Where numbers are
 * codes, their scales, one a token, go into the scores and the probabilities. One worker's own.
 *
 * <p>{@link #begin} tells the queries, which then attend to any number of tiles.
 */
final class Tile {

  /** The most tokens. */
  static final int TOKENS = 128;

  /** Up to so many queries widen on the way. */
  private static final int FEW_QUERIES = 3;

  private static final int PANEL = KvLayout.PANEL;

  private final Kernels kernels;
  private final int headDim;
  private final float[] wide;
  private final float[] scales = new float[TOKENS];
  private final float[] packedQueries;
  private final float[] packedProbabilities;
  private float[] queries = new float[0];
  private int n;

  /** A tile of heads of so many dimensions, for so many queries at the most. */
  Tile(Kernels kernels, int headDim, int queries) {
    this.kernels = kernels;
    this.headDim = headDim;
    this.wide = new float[TOKENS * headDim];
    this.packedQueries = new float[Kernels.packedLength(queries, headDim)];
    this.packedProbabilities = new float[Kernels.packedLength(queries, TOKENS)];
  }

  /** Tokens with the lanes of the last panel. */
  static int width(int tokens) {
    return (tokens + PANEL - 1) / PANEL * PANEL;
  }

  /**
   * Tells the queries of the following calls.
   *
   * @param queries {@code n} rows of a head's dimensions; they stay as they are until the last call
   */
  void begin(float[] queries, int n) {
    this.queries = queries;
    this.n = n;
    kernels.packRows(queries, 0, headDim, n, 0, headDim, packedQueries, 0, headDim);
  }

  /**
   * Dot products of queries and keys.
   *
   * @param token the first token, a multiple of a panel
   * @param tokens how many, at most {@value #TOKENS}
   * @param scores receives {@code n} rows of {@link #width} numbers, {@value #TOKENS} apart; those
   *     past the last token mean nothing
   */
  void scores(KvStates states, int layer, int kvHead, int token, int tokens, float[] scores) {
    KvLayout layout = states.layout();
    long keys = layout.keyOffset(states.tokens(), layer, kvHead, token);
    long panelBytes = (long) PANEL * headDim * layout.format().bytes();
    int width = width(tokens);
    if (widensOnTheWay(layout.format())) {
      multiplyCached(
          queries, headDim, states, keys, panelBytes, width, headDim, scores, TOKENS, false);
    } else {
      widen(states, keys, panelBytes, width, headDim);
      multiplyWide(packedQueries, width, headDim, scores, TOKENS, false);
    }
    if (layout.format().scaled()) {
      long at = layout.keyScaleOffset(states.tokens(), layer, kvHead, token);
      scale(states, at, tokens, scores);
    }
  }

  /**
   * Adds values weighted by probabilities.
   *
   * @param token the first token, a multiple of a panel
   * @param tokens how many, at most {@value #TOKENS}
   * @param probabilities {@code n} rows of {@link #width} numbers, {@value #TOKENS} apart, zero
   *     past the last token; changed where the states have scales
   * @param sums {@code n} rows of a head's dimensions
   */
  void addValues(
      KvStates states,
      int layer,
      int kvHead,
      int token,
      int tokens,
      float[] probabilities,
      float[] sums,
      int stride) {
    KvLayout layout = states.layout();
    if (layout.format().scaled()) {
      long at = layout.valueScaleOffset(states.tokens(), layer, kvHead, token);
      scale(states, at, tokens, probabilities);
    }
    long values = layout.valueOffset(states.tokens(), layer, kvHead, token, 0);
    long panelBytes = layout.valuePanelBytes(states.tokens());
    int depth = (tokens + 1) / 2 * 2;
    if (widensOnTheWay(layout.format())) {
      multiplyCached(
          probabilities, TOKENS, states, values, panelBytes, headDim, depth, sums, stride, true);
    } else {
      widen(states, values, panelBytes, headDim, depth);
      kernels.packRows(probabilities, 0, TOKENS, n, 0, depth, packedProbabilities, 0, depth);
      multiplyWide(packedProbabilities, headDim, depth, sums, stride, true);
    }
  }

  private boolean widensOnTheWay(KvFormat format) {
    return n <= FEW_QUERIES && format != KvFormat.F32;
  }

  private void multiplyCached(
      float[] rows,
      int stride,
      KvStates states,
      long from,
      long panelBytes,
      int columns,
      int depth,
      float[] c,
      int cStride,
      boolean add) {
    MemorySegment b = states.memory();
    if (states.layout().format() == KvFormat.F16) {
      kernels.multiplyHalves(
          rows, 0, stride, n, b, from, panelBytes, columns, depth, c, 0, cStride, add);
    } else {
      kernels.multiplyCodes(
          rows, 0, stride, n, b, from, panelBytes, columns, depth, c, 0, cStride, add);
    }
  }

  private void multiplyWide(
      float[] packed, int columns, int depth, float[] c, int cStride, boolean add) {
    kernels.multiply(
        packed, 0, depth, 0, n, wide, 0, PANEL * depth, columns, depth, c, 0, cStride, add);
  }

  private void widen(KvStates states, long from, long panelBytes, int columns, int depth) {
    int size = PANEL * depth;
    for (int i = 0; i < columns / PANEL; i++) {
      widen(states.memory(), states.layout().format(), from + i * panelBytes, i * size, size);
    }
  }

  private void widen(MemorySegment from, KvFormat format, long offset, int to, int n) {
    switch (format) {
      case F32 -> MemorySegment.copy(from, ValueLayout.JAVA_FLOAT, offset, wide, to, n);
      case F16 -> kernels.widenHalves(from, offset, wide, to, n);
      case I8 -> kernels.widenCodes(from, offset, wide, to, n);
    }
  }

  /** Multiplies rows by the scales of their tokens. */
  private void scale(KvStates states, long at, int tokens, float[] rows) {
    int width = width(tokens);
    kernels.widenHalves(states.memory(), at, scales, 0, tokens);
    Arrays.fill(scales, tokens, width, 0);
    for (int row = 0; row < n; row++) {
      kernels.multiplyEach(rows, row * TOKENS, scales, width);
    }
  }
}
