package io.gibbon.bench;

import io.gibbon.runtime.DocumentText;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Texts to measure with: sentences of plain words, the same in every run. */
final class Corpus {

  private static final List<String> WORDS =
      List.of(
          "the", "harbour", "ferry", "leaves", "when", "a", "tide", "turns", "and", "every", "boat",
          "must", "wait", "near", "old", "stone", "pier", "until", "its", "captain", "reads",
          "weather", "from", "north", "island", "where", "school", "opens", "after", "morning",
          "rain", "because", "market", "people", "bring", "fresh", "bread", "to", "clinic", "in",
          "spring");

  private static final int WORDS_A_SENTENCE = 12;

  private Corpus() {}

  /** A document of about that many tokens; another one for another number. */
  static DocumentText document(int tokens, long number) {
    SplittableRandom random = new SplittableRandom(number);
    String text =
        IntStream.rangeClosed(1, tokens)
            .mapToObj(
                i ->
                    WORDS.get(random.nextInt(WORDS.size()))
                        + (i % WORDS_A_SENTENCE == 0 ? "." : ""))
            .collect(Collectors.joining(" "));
    return new DocumentText("Notice " + number, text);
  }
}
