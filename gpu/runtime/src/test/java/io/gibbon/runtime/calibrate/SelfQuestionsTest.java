package io.gibbon.runtime.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.calibrate.SelfQuestions.SelfQuestion;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Questions made from texts. */
class SelfQuestionsTest {

  @Test
  void namesAndNumbersAreHeldOut() {
    String text =
        "Short one. The lighthouse on the northern cliff was built by Thomas Harker in 1852.";
    Set<SelfQuestion> made = new HashSet<>();
    Random random = new Random(1);
    for (int i = 0; i < 20; i++) {
      SelfQuestions.from(text, random).ifPresent(made::add);
    }
    assertThat(made)
        .containsExactlyInAnyOrder(
            new SelfQuestion("The lighthouse on the northern cliff was built by", "Thomas Harker"),
            new SelfQuestion(
                "The lighthouse on the northern cliff was built by Thomas Harker in", "1852"));
  }

  @Test
  void withoutNamesTheLastWordsAre() {
    assertThat(
            SelfQuestions.from(
                "the film is very meticulous but without any passion", new Random(1)))
        .contains(new SelfQuestion("the film is very meticulous but without", "any passion"));
  }

  @Test
  void aLineEndsASentence() {
    String text = "Review: very meticulous but without any passion\nSentiment: negative\n";
    assertThat(SelfQuestions.from(text, new Random(1)))
        .contains(new SelfQuestion("Review: very meticulous but without", "any passion"));
  }

  @Test
  void shortTextsGiveNone() {
    assertThat(SelfQuestions.from("Too short. Really. ", new Random(1))).isEmpty();
    assertThat(SelfQuestions.from("", new Random(1))).isEmpty();
  }
}
