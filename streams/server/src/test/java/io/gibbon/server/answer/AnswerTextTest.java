package io.gibbon.server.answer;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.GeneratedToken;
import io.gibbon.server.answer.AnswerText.Run;
import io.gibbon.server.answer.AnswerText.Sentence;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sentences of answers, and what of a context they repeat. */
class AnswerTextTest {

  @Test
  void everySentenceKnowsItsCharactersAndItsLastToken() {
    AnswerText answer = new AnswerText();
    List<String> tokens = List.of("Una", " Byrne", " keeps it.", " She", "", " lives", " there");
    for (int i = 0; i < tokens.size(); i++) {
      answer.add(new GeneratedToken(i, tokens.get(i), 0, List.of()));
    }
    answer.finish(".");
    assertThat(answer.text()).isEqualTo("Una Byrne keeps it. She lives there.");
    assertThat(answer.tokens()).containsExactly(0, 1, 2, 3, 4, 5, 6);
    List<Sentence> sentences = answer.sentences();
    assertThat(sentences).extracting(Sentence::lastToken).containsExactly(3, 7);
    assertThat(sentences.get(1))
        .extracting(s -> answer.text().substring(s.start(), s.end()))
        .isEqualTo("She lives there.");
  }

  @Test
  void anEmptyAnswerHasNoSentences() {
    assertThat(new AnswerText().sentences()).isEmpty();
  }

  @Test
  void theLongestRunOfWordsIsFoundWhateverItsCaseAndPunctuation() {
    String context = "The light is kept. By Una Byrne, since 1850; Una sleeps.";
    Run run = AnswerText.longestRun("It is kept by UNA BYRNE.", context);
    assertThat(context.substring(run.from(), run.to())).isEqualTo("is kept. By Una Byrne");
    assertThat(AnswerText.longestRun("Nobody knows", context)).isEqualTo(Run.NONE);
  }
}
