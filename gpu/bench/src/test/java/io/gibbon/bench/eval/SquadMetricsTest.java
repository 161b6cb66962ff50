package io.gibbon.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Hand-worked cases. */
class SquadMetricsTest {

  @Test
  void normalizingDropsCasePunctuationArticlesAndSpace() {
    assertThat(SquadMetrics.normalize("  The  U.S. Army's an  answer, a!"))
        .isEqualTo("us armys answer");
    assertThat(SquadMetrics.normalize("Anatomy of theatre")).isEqualTo("anatomy of theatre");
  }

  @Test
  void f1CountsWordsInCommonAsOftenAsTheyOccurInBoth() {
    // Given: cat sat on mat; right: cat on cat mat. Common: cat, on, mat.
    assertThat(SquadMetrics.f1("The cat sat on the mat", List.of("a cat on a cat mat")))
        .isCloseTo(2 * 3 / 8.0, within(1e-12));
    assertThat(SquadMetrics.f1("green", List.of("blue"))).isZero();
    assertThat(SquadMetrics.f1("The", List.of("an"))).isZero();
    assertThat(SquadMetrics.contains("anything", List.of("A"))).isZero();
    assertThat(SquadMetrics.normalize("La Espa\u00f1a\u00a0vieja"))
        .isEqualTo("la espa\u00f1a vieja");
    assertThat(SquadMetrics.f1("", List.of("blue"))).isZero();
  }

  @Test
  void theBestOfTheRightAnswersCounts() {
    List<String> right = List.of("in the year 1066", "1066");
    assertThat(SquadMetrics.f1("1066.", right)).isOne();
    assertThat(SquadMetrics.exactMatch("1066.", right)).isOne();
    assertThat(SquadMetrics.exactMatch("It was 1066", right)).isZero();
    assertThat(SquadMetrics.contains("It was 1066, they say", right)).isOne();
    assertThat(SquadMetrics.contains("It was 1067", right)).isZero();
    assertThat(SquadMetrics.contains("In 1889", List.of("8"))).isZero();
  }

  @Test
  void bm25PrefersRareWordsInShortTexts() {
    double[] scores =
        Bm25.scores(
            "Who keeps the lighthouse?",
            List.of(
                "The ferry and the harbour and the school",
                "The lighthouse stands on the northern cliff of the island since 1850",
                "Lighthouse: Una Byrne keeps it"));
    assertThat(scores[2]).isGreaterThan(scores[1]);
    assertThat(scores[1]).isGreaterThan(scores[0]);
    // One document of two has the word: idf = ln 2; both have one word, so tf = 1 / (1 + 1.2).
    assertThat(Bm25.scores("ferry", List.of("ferry", "school"))[0])
        .isCloseTo(Math.log(2) / 2.2, within(1e-12));
  }
}
