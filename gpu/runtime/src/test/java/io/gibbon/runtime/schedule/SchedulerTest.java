package io.gibbon.runtime.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.Answers;
import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.Generation;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.OverloadedException;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.chunk.Chunk;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SchedulerTest extends SchedulerFixture {

  @Test
  void anAnswerEndsWithTheModelsTurn() {
    Answers answers = generate(task("the answer", 100));
    assertThat(answers.text()).isEqualTo("the answer");
    GenerationResult result = answers.result().join();
    assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(result.completionTokens()).isEqualTo(answers.tokens().size() + 1);
    assertThat(result.queryTokens()).isEqualTo(answers.tokens().size());
    assertThat(result.cachedTokens()).isEqualTo(PREFIX);
    GeneratedToken first = answers.tokens().getFirst();
    assertThat(first.top()).hasSize(2);
    assertThat(first.top().getFirst().id()).isEqualTo(first.id());
    assertThat(first.logprob()).isNegative().isGreaterThan(-0.1);
    assertThat(result.firstToken()).isBetween(result.queued(), result.total());
  }

  @Test
  void anAnswerEndsAtMaxTokensAndShowsWhatWasHeldBack() {
    Answers answers = generate(task("abcdefgh", 3, "cdX"));
    assertThat(answers.text()).isEqualTo("abc");
    assertThat(answers.result().join().finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(answers.result().join().text()).isEqualTo("c");
    assertThat(answers.result().join().completionTokens()).isEqualTo(3);
  }

  @Test
  void anAnswerEndsBeforeAStopString() {
    Answers answers = generate(task("abcdefgh", 100, "def"));
    assertThat(answers.text()).isEqualTo("abc");
    assertThat(answers.result().join().finishReason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void aLongAnswerGrowsItsStates() {
    Answers answers = generate(task(tokens(400), 1000));
    assertThat(answers.result().join().completionTokens()).isEqualTo(401);
    assertThat(answers.ids()).isEqualTo(Arrays.stream(tokens(400)).boxed().toList());
  }

  @Test
  void nothingRunsWithoutWhatComesFirst() {
    Runnable first =
        () -> {
          throw new IllegalStateException("no prefix");
        };
    RuntimeConfig config = RuntimeConfig.builder(Path.of("none")).build();
    Profile profile = new Profile("echo", "0", LAYOUT, PREFIX, WINDOW, 256);
    try (Scheduler broken =
        new Scheduler(first, executor, profile, tokenizer, prefix, cache, config)) {
      await().until(() -> broken.failure().isPresent());
      assertThat(broken.failure().orElseThrow()).contains("no prefix");
      assertThatThrownBy(() -> broken.generate(task(tokens(3), 3), new Answers()))
          .isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void aProbeRunsBesideAnswersAndWhatItThrowsIsThrownToItsCaller() {
    try (KvStates own = KvStates.allocate(LAYOUT, 2)) {
      Sequence sequence = new Sequence(prefix, List.of(), own, PREFIX, 1, 1);
      float[] logits = new float[tokenizer.size()];
      scheduler.probe(List.of(new Slice(sequence, 0, new int[] {8, 9}, logits, null)));
      assertThat(logits).isNotEqualTo(new float[tokenizer.size()]);
      Slice poisoned = new Slice(sequence, 2, new int[] {EchoExecutor.POISON}, null, null);
      assertThatThrownBy(() -> scheduler.probe(List.of(poisoned)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("poison");
      assertThat(scheduler.failure()).isEmpty();
      Slice fatal = new Slice(sequence, 2, new int[] {EchoExecutor.FATAL}, null, null);
      assertThatThrownBy(() -> scheduler.probe(List.of(fatal))).isInstanceOf(ClosedException.class);
      assertThatThrownBy(() -> scheduler.probe(List.of(poisoned)))
          .isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void contextsAreAttendedAndTheirSharesAveraged() {
    try (KvStates one = KvStates.allocate(LAYOUT, 20);
        KvStates two = KvStates.allocate(LAYOUT, 40)) {
      Answers answers = generate(task(tokens(300), 5, List.of(one, two)));
      GenerationResult result = answers.result().join();
      assertThat(result.cachedTokens()).isEqualTo(PREFIX + 60);
      assertThat(result.attentionShares()).containsExactly(0.5, 1f / 3);
    }
  }

  @Test
  void encodedContextsComeInOrder() {
    assertThat(drain(encode(30, 64, 7, 60, 1))).containsExactly(30, 64, 7, 60, 1);
    assertThat(scheduler.stats().encodedTokens()).isEqualTo(162);
  }

  @Test
  void theEncoderRunsOnlySoFarAhead() {
    EncodeJob job = encode(32, 32, 32, 32);
    await().until(() -> scheduler.stats().encodedTokens() == 64);
    assertThat(drain(encode(16))).containsExactly(16);
    assertThat(scheduler.stats().encodedTokens()).isEqualTo(64 + 16);
    assertThat(drain(job)).containsExactly(32, 32, 32, 32);
  }

  @Test
  void aContextLargerThanTheBoundIsEncodedAlone() {
    assertThat(drain(encode(200, 200, 1))).containsExactly(200, 200, 1);
  }

  @Test
  void aShortDocumentOvertakesALongOne() {
    executor.stepwise();
    EncodeJob longJob = encode(IntStream.range(0, 400).map(i -> 64).toArray());
    await().until(() -> scheduler.stats().encodedTokens() == 64);
    EncodeJob shortJob = encode(20);
    executor.freely();
    assertThat(drain(shortJob)).containsExactly(20);
    assertThat(longJob.isDone()).isFalse();
    longJob.cancel();
    await().until(() -> executor.allFreed());
  }

  @Test
  void aCancelledJobFreesItsStates() {
    EncodeJob job = encode(32, 32, 32, 32);
    await().until(() -> scheduler.stats().encodedTokens() == 64);
    job.cancel();
    job.cancel();
    assertThat(job.poll()).isNull();
    assertThat(job.isDone()).isFalse();
    await().until(() -> executor.allFreed());
  }

  @Test
  void aDocumentThatCannotBeCutFailsAlone() {
    EncodeJob job =
        scheduler.encode(
            () -> {
              throw new IllegalArgumentException("no text");
            });
    await().until(() -> job.failure() != null);
    assertThat(job.failure()).hasMessage("no text");
    assertThat(drain(encode(16))).containsExactly(16);
  }

  @Test
  void encodingKeepsASmallShareWhileAnswersRunAndBothEnd() {
    executor.stepwise();
    Answers answers = generate(task(tokens(400), 300));
    await().until(() -> scheduler.stats().running() == 1);
    EncodeJob job = encode(128, 128);
    executor.freely();
    assertThat(drain(job)).containsExactly(128, 128);
    assertThat(answers.result().join().completionTokens()).isEqualTo(300);
    assertThat(executor.steps())
        .allSatisfy(step -> assertThat(step.answerRows()).isLessThanOrEqualTo(128))
        .filteredOn(step -> step.answerRows() > 0 && step.encodingRows() > 0)
        .isNotEmpty()
        .allSatisfy(step -> assertThat(step.encodingRows()).isEqualTo(16));
  }

  @Test
  void aLongQuestionDoesNotStopOthers() {
    executor.stepwise();
    Answers writing = generate(task(tokens(4), 50));
    Answers reading = generate(task(tokens(1000), 1));
    executor.freely();
    assertThat(reading.result().join().completionTokens()).isEqualTo(1);
    assertThat(writing.result().join().completionTokens()).isEqualTo(5);
    assertThat(executor.steps()).allMatch(step -> step.answerRows() <= 128 + 1);
  }

  @Test
  void moreAnswersThanRunAtOnceWaitAndMoreThanThatAreRefused() {
    executor.stepwise();
    List<Answers> all = new ArrayList<>();
    for (int i = 0; i < SEQUENCES + QUEUE; i++) {
      all.add(generate(task("abc" + i, 50)));
    }
    assertThatThrownBy(() -> generate(task("abc", 50)))
        .isInstanceOf(OverloadedException.class)
        .hasMessageContaining("queueLimit = 2");
    executor.freely();
    for (int i = 0; i < all.size(); i++) {
      assertThat(all.get(i).text()).isEqualTo("abc" + i);
    }
    assertThat(generate(task("again", 50)).text()).isEqualTo("again");
  }

  @Test
  void cancellingEndsRunningAndWaitingAnswers() {
    executor.stepwise();
    List<Generation> handles = new ArrayList<>();
    List<Answers> all = new ArrayList<>();
    for (int i = 0; i < SEQUENCES + QUEUE; i++) {
      Answers answers = new Answers();
      all.add(answers);
      handles.add(scheduler.generate(task(tokens(50), 50), answers));
    }
    handles.forEach(Generation::cancel);
    executor.allow(5);
    for (Answers answers : all) {
      assertThat(answers.result().join().finishReason()).isEqualTo(FinishReason.CANCELLED);
    }
    handles.forEach(Generation::cancel);
  }

  @Test
  void anAnswerThatCanNeverFitIsRefusedByFieldAndLimit() {
    assertThatThrownBy(() -> generate(task(tokens(100), WINDOW - PREFIX - 99)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("max_tokens = 1946")
        .hasMessageContaining("window of 2048 leaves 1945");
    try (KvStates context = KvStates.allocate(LAYOUT, 45)) {
      GenerationTask task = task(tokens(100), WINDOW - PREFIX - 100, List.of(context));
      assertThatThrownBy(() -> generate(task)).hasMessageContaining("leaves 1900");
    }
    assertThatThrownBy(() -> generate(task(new int[] {tokenizer.size()}, 1, List.of())))
        .hasMessageContaining("vocabulary");
    KvLayout other = new KvLayout(1, 1, 16, KvFormat.F16);
    try (KvStates context = KvStates.allocate(other, 4)) {
      assertThatThrownBy(() -> generate(task(tokens(1), 1, List.of(context))))
          .hasMessageContaining("layout");
    }
  }

  @Test
  void answersWaitForMemoryAndFailClearlyWhenNoneCanCome() {
    long all = cache.budgetBytes() - LAYOUT.bytes(100);
    assertThat(cache.tryReserve(all)).isTrue();
    Answers one = generate(task(tokens(20), 60));
    Answers two = generate(task(tokens(20), 60));
    assertThat(one.result().join().completionTokens()).isEqualTo(21);
    assertThat(two.result().join().completionTokens()).isEqualTo(21);
    Answers three = generate(task(tokens(20), 90));
    assertThatThrownBy(() -> three.result().join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(OverloadedException.class)
        .hasMessageContaining("kvBudgetBytes");
    cache.release(all);
  }

  @Test
  void onlyTheGuiltyFail() {
    executor.stepwise();
    Answers first = generate(task("innocent", 50));
    Answers poisoned = generate(task(new int[] {70, EchoExecutor.POISON}, 50, List.of()));
    Answers undefined = generate(task(new int[] {EchoExecutor.UNDEFINED, 70}, 50, List.of()));
    EncodeJob innocent = encode(20);
    EncodeJob bad =
        scheduler.encode(() -> List.of(new Chunk(0, "", new int[] {EchoExecutor.POISON})));
    executor.freely();
    assertThat(first.text()).isEqualTo("innocent");
    assertThatThrownBy(() -> poisoned.result().join()).hasMessageContaining("poison");
    assertThatThrownBy(() -> undefined.result().join()).hasMessageContaining("logits");
    assertThat(drain(innocent)).containsExactly(20);
    assertThat(drain(bad)).isEmpty();
    assertThat(bad.failure()).hasMessageContaining("poison");
  }

  @Test
  void aListenerThatFailsEndsOnlyItsOwnAnswer() {
    Answers failing =
        new Answers() {
          @Override
          public void onToken(GeneratedToken token) {
            throw new IllegalStateException("client gone");
          }
        };
    scheduler.generate(task("abc", 50), failing);
    assertThatThrownBy(() -> failing.result().join()).hasMessageContaining("client gone");
    assertThat(generate(task("abc", 50)).text()).isEqualTo("abc");
  }

  @Test
  void closingEndsEverything() {
    executor.stepwise();
    List<Answers> all = new ArrayList<>();
    for (int i = 0; i < SEQUENCES + QUEUE; i++) {
      all.add(generate(task(tokens(50), 50)));
    }
    EncodeJob job = encode(100, 100);
    Thread closer = Thread.ofVirtual().start(scheduler::close);
    await().until(() -> closer.getState() == Thread.State.WAITING);
    executor.allow(5);
    for (Answers answers : all) {
      assertThatThrownBy(() -> answers.result().join()).hasMessageContaining("closed");
    }
    await().until(() -> job.failure() != null && !closer.isAlive());
    assertThat(job.failure()).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> generate(task("abc", 5))).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> encode(5)).isInstanceOf(ClosedException.class);
  }

  @Test
  void aListenersErrorEndsItsOwnAnswerOnly() {
    GenerationListener outOfMemory =
        new GenerationListener() {
          @Override
          public void onToken(GeneratedToken token) {
            throw new OutOfMemoryError("for the test");
          }

          @Override
          public void onEnd(GenerationResult result) {
            throw new OutOfMemoryError("for the test");
          }

          @Override
          public void onError(RuntimeException error) {
            throw new OutOfMemoryError("for the test");
          }
        };
    scheduler.generate(task("abc", 5), outOfMemory);
    assertThat(generate(task("abc", 5)).text()).isEqualTo("abc");
    assertThat(drain(encode(5))).containsExactly(5);
  }

  @Test
  void saysWhyItHasStoppedByItself() {
    assertThat(scheduler.failure()).isEmpty();
    Answers last = generate(task(new int[] {70, EchoExecutor.FATAL}, 50));
    assertThatThrownBy(() -> last.result().join()).hasMessageContaining("closed");
    assertThat(scheduler.failure()).hasValueSatisfying(why -> assertThat(why).contains("fatal"));
  }

  @Test
  void aDocumentWhosePreparationRunsOutOfMemoryFails() {
    EncodeJob job =
        scheduler.encode(
            () -> {
              throw new OutOfMemoryError("for the test");
            });
    await().until(() -> job.failure() != null);
    assertThat(drain(encode(5))).containsExactly(5);
  }

  @Test
  void closingFailsDocumentsThatWaitToBePrepared() {
    CountDownLatch blocked = new CountDownLatch(1);
    for (int i = 0; i < 2; i++) {
      scheduler.encode(
          () -> {
            await().until(() -> blocked.await(60, TimeUnit.SECONDS));
            return List.of();
          });
    }
    EncodeJob waiting = encode(5);
    scheduler.close();
    blocked.countDown();
    assertThat(waiting.failure()).hasMessageContaining("closed");
  }

  @Test
  void anIdleSchedulerSleeps() {
    assertThat(generate(task("abc", 5)).text()).isEqualTo("abc");
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(t -> t.getName().equals("gibbon-scheduler") && t.isAlive())
            .findFirst()
            .orElseThrow();
    await().until(() -> thread.getState() == Thread.State.WAITING);
    assertThat(scheduler.stats().steps()).isEqualTo(4);
  }
}
