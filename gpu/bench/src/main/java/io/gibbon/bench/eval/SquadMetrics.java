package io.gibbon.bench.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Exact match and token F1 as the evaluation script of SQuAD 1.1 defines them: lower case, without
 * punctuation and articles, the best over all right answers.
 */
final class SquadMetrics {

  private static final Pattern PUNCTUATION = Pattern.compile("\\p{Punct}");
  private static final Pattern ARTICLES =
      Pattern.compile("\\b(a|an|the)\\b", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

  private SquadMetrics() {}

  static String normalize(String text) {
    String bare = PUNCTUATION.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("");
    return SPACE.matcher(ARTICLES.matcher(bare).replaceAll(" ")).replaceAll(" ").strip();
  }

  /** 1 if a right answer was given word for word, else 0. */
  static double exactMatch(String answer, List<String> right) {
    String given = normalize(answer);
    return right.stream().anyMatch(r -> normalize(r).equals(given)) ? 1 : 0;
  }

  /** 1 if a right answer is part of what was given, whole words, else 0. */
  static double contains(String answer, List<String> right) {
    String given = " " + normalize(answer) + " ";
    return right.stream()
            .map(SquadMetrics::normalize)
            .anyMatch(one -> !one.isEmpty() && given.contains(" " + one + " "))
        ? 1
        : 0;
  }

  /** Harmonic mean of precision and recall of words, between 0 and 1. */
  static double f1(String answer, List<String> right) {
    List<String> given = words(answer);
    return right.stream().mapToDouble(r -> f1(given, words(r))).max().orElse(0);
  }

  private static double f1(List<String> given, List<String> right) {
    if (given.isEmpty() || right.isEmpty()) {
      return 0;
    }
    List<String> left = new ArrayList<>(given);
    long common = right.stream().filter(left::remove).count();
    return 2.0 * common / (given.size() + right.size());
  }

  private static List<String> words(String text) {
    String normal = normalize(text);
    return normal.isEmpty() ? List.of() : List.of(normal.split(" "));
  }
}
