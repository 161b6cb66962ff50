package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvLayout;

/**
 * How many pages of KV states a device keeps.
 *
 * @param floats pages of floats
 * @param codes pages of codes; 0 where contexts have none, and then those that have are widened
 */
record PageSlots(int floats, int codes) {

  /** Part of the memory that pages of floats take where contexts are codes: only new tokens. */
  private static final double FLOATS = 0.25;

  /** The most pages of a kind: 262,144 tokens. */
  private static final int MOST = 1 << 14;

  /**
   * As many as fit.
   *
   * @param layout of contexts
   * @param bytes for all pages together
   * @param array the most bytes of one kind
   */
  static PageSlots fitting(KvLayout layout, long bytes, long array) {
    int numbers = Pages.size(layout);
    if (!layout.format().scaled()) {
      return new PageSlots(fitting(Math.min(bytes, array), Float.BYTES * numbers, numbers), 0);
    }
    long floats = (long) (FLOATS * bytes);
    int coded = numbers + Float.BYTES * Pages.scales(layout);
    return new PageSlots(
        fitting(Math.min(floats, array), Float.BYTES * numbers, numbers),
        fitting(Math.min(bytes - floats, array), coded, numbers));
  }

  private static int fitting(long bytes, int page, int numbers) {
    return (int) Math.min(MOST, Math.min(bytes / page, Integer.MAX_VALUE / numbers));
  }
}
