package io.gibbon.runtime.model;

/**
 * Layers that see only the tokens just before a query: those at positions greater than the query's
 * less {@code tokens}.
 *
 * @param tokens {@code attention.sliding_window}
 * @param pattern {@code attention.sliding_window_pattern}: every so many layers, the last one sees
 *     everything
 * @param rope the rotation of the layers that slide
 */
public record SlidingWindow(int tokens, int pattern, RopeDescription rope) {

  private static final int DEFAULT_PATTERN = 6;
  private static final int MAX_TOKENS = 1 << 24;

  /** Whether a layer slides. */
  public boolean slides(int layer) {
    return layer % pattern < pattern - 1;
  }

  static SlidingWindow from(Metadata metadata, String p, RopeDescription rope) {
    return new SlidingWindow(
        metadata.integer(p + "attention.sliding_window", 1, MAX_TOKENS),
        metadata.integer(
            p + "attention.sliding_window_pattern", 1, Integer.MAX_VALUE, DEFAULT_PATTERN),
        rope.local(metadata, p));
  }
}
