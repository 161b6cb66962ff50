package io.gibbon.bench.eval;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Okapi BM25 with Lucene's parameters and idf, over the contexts of one item. */
final class Bm25 {

  private static final double K1 = 1.2;
  private static final double B = 0.75;
  private static final Pattern NO_WORD = Pattern.compile("\\W+", Pattern.UNICODE_CHARACTER_CLASS);

  private Bm25() {}

  /** The score of each text; more is better. */
  static double[] scores(String question, List<String> texts) {
    List<List<String>> documents = texts.stream().map(Bm25::words).toList();
    double average = documents.stream().mapToInt(List::size).average().orElse(1);
    double[] scores = new double[texts.size()];
    for (String word : new HashSet<>(words(question))) {
      long having = documents.stream().filter(d -> d.contains(word)).count();
      double idf = Math.log(1 + (texts.size() - having + 0.5) / (having + 0.5));
      for (int i = 0; i < scores.length; i++) {
        double count = documents.get(i).stream().filter(word::equals).count();
        double length = documents.get(i).size() / average;
        scores[i] += idf * count / (count + K1 * (1 - B + B * length));
      }
    }
    return scores;
  }

  private static List<String> words(String text) {
    return Arrays.stream(NO_WORD.split(text.toLowerCase(Locale.ROOT)))
        .filter(word -> !word.isEmpty())
        .toList();
  }
}
