package io.gibbon.runtime.engine;

import java.util.List;

/**
 * Attention shares that a slice asks for and a step fills in: for each context the part of a head's
 * attention that falls on it. They are means over the rows whose logits the slice asks for, or over
 * all its rows if it asks for none. Not thread-safe.
 */
public final class HeadShares {

  private final List<Head> heads;
  private final float[][] values;

  private HeadShares(List<Head> heads, int rows, int contexts) {
    this.heads = List.copyOf(heads);
    this.values = new float[rows][contexts];
  }

  /** One number a context: the mean over all heads of all layers. */
  public static HeadShares mean(int contexts) {
    return new HeadShares(List.of(), 1, contexts);
  }

  /**
   * One number a head and context.
   *
   * @param heads at least one, none twice
   */
  public static HeadShares each(List<Head> heads, int contexts) {
    if (heads.isEmpty() || heads.stream().distinct().count() < heads.size()) {
      throw new IllegalArgumentException("heads must be given, none twice: " + heads);
    }
    return new HeadShares(heads, heads.size(), contexts);
  }

  /** The heads asked for; empty for the mean over all. */
  public List<Head> heads() {
    return heads;
  }

  /** Shares by context, of the head at this index of those asked for; at 0 the mean over all. */
  public float[] of(int head) {
    return values[head];
  }

  /** Number of contexts. */
  public int contexts() {
    return values[0].length;
  }

  /** Layers that must run to know them, of so many. */
  public int depth(int layers) {
    return heads.isEmpty() ? layers : 1 + heads.stream().mapToInt(Head::layer).max().getAsInt();
  }
}
