package io.gibbon.runtime.engine;

import java.util.List;

/**
 * Attention shares that a slice asks for and a step fills in: for each context the part of a head's
 * attention that falls on it. They are means over the rows whose logits the slice asks for, or over
 * all its rows if it asks for none, unless each row is asked for. Not thread-safe.
 */
public final class HeadShares {

  private final List<Head> heads;
  private final boolean byRow;
  private final float[][] values;

  private HeadShares(List<Head> heads, boolean byRow, int arrays, int contexts) {
    this.heads = List.copyOf(heads);
    this.byRow = byRow;
    this.values = new float[arrays][contexts];
  }

  /** One number a context: the mean over all heads of all layers. */
  public static HeadShares mean(int contexts) {
    return new HeadShares(List.of(), false, 1, contexts);
  }

  /**
   * One number a row and context: the mean over all heads of all layers in that row.
   *
   * @param most the most rows that the slice asks for
   */
  public static HeadShares eachRow(int most, int contexts) {
    return new HeadShares(List.of(), true, most, contexts);
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
    return new HeadShares(heads, false, heads.size(), contexts);
  }

  /** The heads asked for; empty for the mean over all. */
  public List<Head> heads() {
    return heads;
  }

  /** Whether each row is asked for, not the mean over the rows. */
  public boolean byRow() {
    return byRow;
  }

  /**
   * Shares by context, of the head or the row at this index of those asked for; at 0 the mean over
   * all where neither is asked for.
   */
  public float[] of(int index) {
    return values[index];
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
