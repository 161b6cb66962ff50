package io.gibbon.runtime.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.Answers;
import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.Generation;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class GuessesTest extends SchedulerFixture {

  @Test
  void guessesThatGoBeyondTheEndOfAnAnswerAreNotCountedAsAccepted() {
    int[] query = tokens(12);
    Answers answers = generate(task(query, 100, List.of(), List.of(tokens(20))));
    GenerationResult result = answers.result().join();
    assertThat(answers.ids()).isEqualTo(Arrays.stream(query).boxed().toList());
    assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(result.completionTokens()).isEqualTo(13);
    assertThat(result.draftedTokens()).isEqualTo(3 + 7);
    assertThat(result.acceptedTokens()).isEqualTo(3 + 5);
    assertThat(executor.steps()).hasSize(1 + 2 + 2);
  }

  @Test
  void aWrongGuessIsForgotten() {
    int[] query = tokens(12);
    int[] lookup = tokens(12);
    lookup[4] = 100;
    Answers answers = generate(task(query, 100, List.of(), List.of(lookup)));
    GenerationResult result = answers.result().join();
    assertThat(answers.ids()).isEqualTo(Arrays.stream(query).boxed().toList());
    assertThat(result.acceptedTokens()).isLessThan(result.draftedTokens()).isGreaterThan(1);
  }

  @Test
  void guessesEndWithMaxTokensAndStopStrings() {
    int[] query = tokens(12);
    Answers most = generate(task(query, 8, List.of(), List.of(query)));
    assertThat(most.result().join().finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(most.ids()).isEqualTo(Arrays.stream(query).limit(8).boxed().toList());
    String text = generate(task(query, 100)).text();
    Answers stopped = generate(task(query, 100, List.of(), List.of(query), text.substring(5, 6)));
    assertThat(stopped.text()).isEqualTo(text.substring(0, 5));
    assertThat(stopped.result().join().finishReason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void anAnswerGrowsItsStatesWhileItGuesses() {
    try (KvStates context = KvStates.allocate(LAYOUT, 20)) {
      int[] query = tokens(300);
      Answers answers = generate(task(query, 400, List.of(context), List.of(query)));
      GenerationResult result = answers.result().join();
      assertThat(answers.ids()).isEqualTo(Arrays.stream(query).boxed().toList());
      assertThat(result.acceptedTokens()).isGreaterThan(200);
      assertThat(result.attentionShares()).containsExactly(0.5);
    }
  }

  @Test
  void anAnswerThatIsCancelledAmongGuessesSaysNoMore() {
    AtomicReference<Generation> generation = new AtomicReference<>();
    Answers answers =
        new Answers() {
          @Override
          public void onToken(GeneratedToken token) {
            super.onToken(token);
            if (tokens().size() == 5) {
              generation.get().cancel();
            }
          }
        };
    executor.stepwise();
    GenerationTask task = task(tokens(12), 100, List.of(), List.of(tokens(12)));
    generation.set(scheduler.generate(task, answers));
    executor.freely();
    assertThat(answers.result().join().finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(answers.tokens()).hasSize(5);
  }

  @Test
  void answersShareTheRowsThatGuessesMayTake() {
    executor.stepwise();
    List<Answers> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      all.add(generate(task(tokens(12), 100, List.of(), List.of(tokens(12)))));
    }
    executor.freely();
    all.forEach(answers -> assertThat(answers.result().join().acceptedTokens()).isPositive());
    assertThat(executor.steps().subList(2, executor.steps().size()))
        .allMatch(step -> step.answerRows() <= 8 + 12);
  }

  @Test
  void tokensToLookUpThatThereAreNotAreRefused() {
    int[] unknown = {tokenizer.size()};
    assertThatThrownBy(() -> generate(task(tokens(3), 9, List.of(), List.of(unknown))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("token %d of the lookups".formatted(tokenizer.size()));
  }
}
