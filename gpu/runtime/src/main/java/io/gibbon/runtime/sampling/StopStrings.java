package io.gibbon.runtime.sampling;

import java.util.List;

/**
 * Keeps stop strings out of an answer: text that may still become one is held back until it is
 * certain. Used by one thread at a time.
 */
public final class StopStrings {

  /** The most stop strings of one task. */
  public static final int MOST = 16;

  /** The most characters of one stop string. */
  public static final int LONGEST = 256;

  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /**
   * A filter for one answer.
   *
   * @throws IllegalArgumentException if there are too many stop strings, or one is empty or too
   *     long
   */
  public StopStrings(List<String> stops) {
    check(stops);
    this.stops = stops;
  }

  /**
   * Checks stop strings.
   *
   * @throws IllegalArgumentException if there are too many stop strings, or one is empty or too
   *     long
   */
  public static void check(List<String> stops) {
    if (stops.size() > MOST) {
      throw new IllegalArgumentException(
          "stop must have at most %d strings, not %d".formatted(MOST, stops.size()));
    }
    for (String stop : stops) {
      if (stop.isEmpty() || stop.length() > LONGEST) {
        throw new IllegalArgumentException(
            "every stop string must have 1 to %d characters, not %d"
                .formatted(LONGEST, stop.length()));
      }
    }
  }

  /**
   * The text that is certain to be visible after more of the answer came. Empty once {@link
   * #stopped()}.
   */
  public String add(String text) {
    if (stopped || text.isEmpty()) {
      return "";
    }
    if (stops.isEmpty()) {
      return text;
    }
    held.append(text);
    int stop = firstStop();
    if (stop >= 0) {
      stopped = true;
      held.setLength(stop);
      return end();
    }
    int certain = held.length() - longestBeginning();
    String visible = held.substring(0, certain);
    held.delete(0, certain);
    return visible;
  }

  /** Whether a stop string came. */
  public boolean stopped() {
    return stopped;
  }

  /** The end: what was held back is visible after all. */
  public String end() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  private int firstStop() {
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  /** Length of the longest end of the held text that is a proper beginning of a stop string. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }
}
