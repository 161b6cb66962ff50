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
 * sums of values weighted by probabilities. The tile is copied to the heap, where the JIT needs no
 * range checks. A few queries widen its numbers on the way; for more they are widened once. Both
 * give the same bits. One worker's own.
 */
final class Tile {

  /** The most tokens. */
  static final int TOKENS = 64;

  /** Up to so many queries widen on the way. */
  private static final int FEW_QUERIES = 6;

  private static final int PANEL = KvLayout.PANEL;

  private final Kernels kernels;
  private final int headDim;
  private final float[] wide;
  private final short[] halves;
  private final byte[] codes;
  private final float[] scales;
  private final float[] ones = new float[PANEL];

  /** A tile of heads of so many dimensions. */
  Tile(Kernels kernels, int headDim) {
    this.kernels = kernels;
    this.headDim = headDim;
    this.wide = new float[TOKENS * headDim];
    this.halves = new short[TOKENS * headDim];
    this.codes = new byte[TOKENS * headDim];
    this.scales = new float[TOKENS * headDim / PANEL];
    Arrays.fill(ones, 1);
  }

  /** Tokens with the lanes of the last panel. */
  static int width(int tokens) {
    return (tokens + PANEL - 1) / PANEL * PANEL;
  }

  /**
   * Dot products of queries and keys.
   *
   * @param token the first token, a multiple of a panel
   * @param tokens how many, at most {@value #TOKENS}
   * @param queries {@code n} rows of a head's dimensions
   * @param scores receives {@code n} rows of {@link #width} numbers, {@value #TOKENS} apart; those
   *     past the last token mean nothing
   */
  void scores(
      KvStates states,
      int layer,
      int kvHead,
      int token,
      int tokens,
      float[] queries,
      int n,
      float[] scores) {
    KvLayout layout = states.layout();
    int width = width(tokens);
    load(states, layout.keyOffset(states.tokens(), layer, kvHead, token), 0, width * headDim);
    if (layout.format().scaled()) {
      long at = layout.keyScaleOffset(states.tokens(), layer, kvHead, token);
      loadScales(states, at, width / PANEL * headDim);
    }
    int panel = PANEL * headDim;
    boolean few = n <= FEW_QUERIES;
    if (few && layout.format() == KvFormat.F16) {
      kernels.multiplyHalves(
          queries, 0, headDim, n, halves, 0, panel, width, headDim, scores, 0, TOKENS, false);
    } else if (few && layout.format() == KvFormat.I8) {
      kernels.multiplyCodes(
          queries, 0, headDim, n, codes, 0, panel, scales, PANEL, width, headDim, scores, 0, TOKENS,
          false);
    } else {
      widen(layout.format(), width * headDim);
      for (int i = 0; layout.format().scaled() && i < width / PANEL * headDim; i += PANEL) {
        kernels.multiplyRows(wide, i * PANEL, PANEL, scales, i);
      }
      kernels.multiply(
          queries, 0, headDim, n, wide, 0, panel, width, headDim, scores, 0, TOKENS, false);
    }
  }

  /**
   * Adds values weighted by probabilities.
   *
   * @param token the first token, a multiple of a panel
   * @param tokens how many, at most {@value #TOKENS}
   * @param probabilities {@code n} rows of {@link #width} numbers, {@value #TOKENS} apart; changed
   *     where the states have scales
   * @param sums {@code n} rows of a head's dimensions
   */
  void addValues(
      KvStates states,
      int layer,
      int kvHead,
      int token,
      int tokens,
      float[] probabilities,
      int n,
      float[] sums,
      int stride) {
    KvLayout layout = states.layout();
    int panel = PANEL * tokens;
    for (int dim = 0; dim < headDim; dim += PANEL) {
      long from = layout.valueOffset(states.tokens(), layer, kvHead, token, dim);
      load(states, from, dim / PANEL * panel, panel);
    }
    if (layout.format().scaled()) {
      loadScales(states, layout.valueScaleOffset(states.tokens(), layer, kvHead, token), tokens);
      for (int query = 0; query < n; query++) {
        kernels.multiplyEach(probabilities, query * TOKENS, scales, width(tokens));
      }
    }
    boolean few = n <= FEW_QUERIES;
    if (few && layout.format() == KvFormat.F16) {
      kernels.multiplyHalves(
          probabilities, 0, TOKENS, n, halves, 0, panel, headDim, tokens, sums, 0, stride, true);
    } else if (few && layout.format() == KvFormat.I8) {
      kernels.multiplyCodes(
          probabilities,
          0,
          TOKENS,
          n,
          codes,
          0,
          panel,
          ones,
          0,
          headDim,
          tokens,
          sums,
          0,
          stride,
          true);
    } else {
      widen(layout.format(), tokens * headDim);
      kernels.multiply(
          probabilities, 0, TOKENS, n, wide, 0, panel, headDim, tokens, sums, 0, stride, true);
    }
  }

  private void load(KvStates states, long from, int to, int n) {
    MemorySegment memory = states.memory();
    switch (states.layout().format()) {
      case F32 -> MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, from, wide, to, n);
      case F16 -> MemorySegment.copy(memory, ValueLayout.JAVA_SHORT, from, halves, to, n);
      case I8 -> MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, from, codes, to, n);
    }
  }

  private void loadScales(KvStates states, long from, int n) {
    MemorySegment.copy(states.memory(), ValueLayout.JAVA_SHORT, from, halves, 0, n);
    kernels.widen(halves, scales, 0, n);
  }

  private void widen(KvFormat format, int n) {
    switch (format) {
      case F32 -> {}
      case F16 -> kernels.widen(halves, wide, 0, n);
      case I8 -> kernels.widen(codes, wide, 0, n);
    }
  }
}
