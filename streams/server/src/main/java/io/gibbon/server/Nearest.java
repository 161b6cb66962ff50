package io.gibbon.server;

import java.util.Collection;
import java.util.Comparator;

/** Guesses which name was meant. */
public final class Nearest {

  private Nearest() {}

  /**
   * The candidate with the least edit distance (Levenshtein) to a name; the first in alphabetical
   * order among equals.
   *
   * @param candidates at least one
   */
  public static String to(String name, Collection<String> candidates) {
    String start = name.substring(0, Math.min(name.length(), 64));
    return candidates.stream()
        .sorted()
        .min(Comparator.comparingInt(candidate -> distance(start, candidate)))
        .orElseThrow();
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
