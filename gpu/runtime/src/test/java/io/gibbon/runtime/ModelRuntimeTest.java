package io.gibbon.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.chat.PromptFormat;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.Sampling;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole runtime over a tiny model: chunks, scheduler, engine, sampling. */
@Timeout(120)
class ModelRuntimeTest {

  private static final PromptFormat SHORT =
      new PromptFormat("Hi.", "{title}: {text}\n", "{question}");

  @TempDir static Path directory;
  private static Path file;
  private static ModelRuntime runtime;

  private final List<KvStates> open = new ArrayList<>();

  @BeforeAll
  static void openRuntime() {
    file = TinyModel.writeDefault(directory);
    runtime = ModelRuntime.open(config().build());
  }

  private static RuntimeConfig.Builder config() {
    return RuntimeConfig.builder(file)
        .backend("cpu")
        .threads(2)
        .promptFormat(SHORT)
        .contextTokens(64)
        .kvBudgetBytes(64 << 20);
  }

  @AfterAll
  static void closeRuntime() {
    runtime.close();
    runtime.close();
  }

  @AfterEach
  void free() {
    open.forEach(KvStates::close);
    assertThat(runtime.cache().stats().reservedBytes()).isZero();
  }

  private List<EncodedContext> encode(String title, String text) {
    return encode(runtime, title, text);
  }

  private List<EncodedContext> encode(ModelRuntime model, String title, String text) {
    EncodeJob job = model.encode(new DocumentText(title, text));
    List<EncodedContext> contexts = new ArrayList<>();
    await()
        .until(
            () -> {
              for (EncodedContext c = job.poll(); c != null; c = job.poll()) {
                contexts.add(c);
                open.add(c.states());
              }
              if (job.failure() != null) {
                throw job.failure();
              }
              return job.isDone();
            });
    return contexts;
  }

  private static String sentences(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "The ferry number " + i + " leaves at " + (i % 24) + " o'clock.")
        .collect(Collectors.joining(" "));
  }

  private static GenerationTask question(List<KvStates> contexts, String text, int maxTokens) {
    int[] query = runtime.chat().query(List.of(ChatMessage.user(text)), true);
    return new GenerationTask(
        contexts,
        Combination.APE,
        true,
        query,
        0.8,
        1,
        Sampling.GREEDY,
        maxTokens,
        List.of(),
        0,
        true,
        List.of());
  }

  private static Answers generate(GenerationTask task) {
    Answers answers = new Answers();
    runtime.generate(task, answers);
    return answers;
  }

  private static byte[] bytes(KvStates states) {
    return states.memory().toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void aDocumentBecomesContextsInOrder() {
    List<EncodedContext> contexts = encode("Ferries", sentences(40));
    assertThat(contexts).hasSizeGreaterThan(5);
    for (int i = 0; i < contexts.size(); i++) {
      assertThat(contexts.get(i).index()).isEqualTo(i);
      assertThat(contexts.get(i).count()).isEqualTo(contexts.size());
      assertThat(contexts.get(i).text()).isNotBlank();
      assertThat(contexts.get(i).states().tokens()).isBetween(1, 64);
      assertThat(contexts.get(i).states().layout()).isEqualTo(runtime.profile().layout());
    }
  }

  @Test
  void answersAttendToContexts() {
    List<KvStates> contexts =
        encode("Ferries", sentences(20)).stream().map(EncodedContext::states).toList();
    Answers with = generate(question(contexts, "When?", 24));
    Answers without = generate(question(List.of(), "When?", 24));
    GenerationResult result = with.result().join();
    assertThat(result.cachedTokens())
        .isEqualTo(
            runtime.profile().prefixTokens() + contexts.stream().mapToInt(KvStates::tokens).sum());
    assertThat(result.attentionShares()).hasSize(contexts.size());
    double sum = 0;
    for (double share : result.attentionShares()) {
      assertThat(share).isPositive();
      sum += share;
    }
    assertThat(sum).isBetween(0.01, 1.0);
    without.result().join();
    assertThat(with.ids()).isNotEqualTo(without.ids());
  }

  @ParameterizedTest
  @CsvSource({"llama, F16", "gemma3, F16", "gemma3, I8"})
  void contextsInOrderAreReadAsOnePrompt(String architecture, KvFormat format) {
    Path other = TinyModel.DEFAULT.withArchitecture(architecture).write(directory.resolve("other"));
    RuntimeConfig config =
        RuntimeConfig.builder(other).backend("cpu").promptFormat(SHORT).kvFormat(format).build();
    try (ModelRuntime model = ModelRuntime.open(config)) {
      List<int[]> texts =
          Stream.of("At nine a ferry leaves for Brindle.", "No dogs.", "Boats pay a fee of two.")
              .map(text -> model.contextTokens("Ferries", text))
              .toList();
      List<KvStates> contexts = new ArrayList<>();
      for (int[] text : texts) {
        contexts.add(model.sequentialEncoder().encode(contexts, text, () -> true));
        open.add(contexts.getLast());
        assertThat(contexts.getLast().layout()).isEqualTo(model.profile().layout());
      }
      EncodedContext stored =
          encode(model, "Ferries", "At nine a ferry leaves for Brindle.").getFirst();
      assertThat(bytes(contexts.getFirst())).isEqualTo(bytes(stored.states()));
      int[] query = model.chat().query(List.of(ChatMessage.user("When?")), true);
      int[] all =
          Stream.concat(texts.stream(), Stream.of(query)).flatMapToInt(IntStream::of).toArray();
      Answers prompt = new Answers();
      model.generate(task(List.of(), all), prompt);
      Answers ordered = new Answers();
      model.generate(task(contexts, query), ordered);
      GenerationResult result = ordered.result().join();
      prompt.result().join();
      if (format == KvFormat.F16) {
        assertThat(ordered.ids()).isEqualTo(prompt.ids());
      }
      for (int i = 0; i < 3; i++) {
        assertThat(ordered.tokens().get(i).logprob())
            .isCloseTo(
                prompt.tokens().get(i).logprob(), within(format == KvFormat.F16 ? 1e-3 : 0.05));
      }
      assertThat(result.cachedTokens())
          .isEqualTo(model.profile().prefixTokens() + all.length - query.length);
      assertThat(DoubleStream.of(result.attentionShares()).sum()).isBetween(0.01, 1.0);
    }
  }

  private static GenerationTask task(List<KvStates> contexts, int[] query) {
    return new GenerationTask(
        contexts,
        Combination.SEQUENTIAL,
        true,
        query,
        1,
        1,
        Sampling.GREEDY,
        24,
        List.of(),
        0,
        true,
        List.of());
  }

  @Test
  void whatElseRunsChangesNothing() {
    List<KvStates> contexts =
        encode("Ferries", sentences(12)).stream().map(EncodedContext::states).toList();
    List<byte[]> states = contexts.stream().map(ModelRuntimeTest::bytes).toList();
    GenerationTask task = question(contexts, "Which ferry leaves at nine?", 32);
    Answers alone = generate(task);
    alone.result().join();

    EncodeJob busy = runtime.encode(new DocumentText("Other", sentences(200)));
    List<Answers> others = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      others.add(generate(question(contexts.subList(i % 3, contexts.size()), "Q" + i, 40)));
    }
    Answers amongOthers = generate(task);
    List<EncodedContext> again = encode("Ferries", sentences(12));

    amongOthers.result().join();
    assertThat(amongOthers.tokens()).isEqualTo(alone.tokens());
    assertThat(amongOthers.result().join().attentionShares())
        .isEqualTo(alone.result().join().attentionShares());
    assertThat(again.stream().map(c -> bytes(c.states())).toList())
        .usingRecursiveComparison()
        .isEqualTo(states);
    others.forEach(answers -> answers.result().join());
    busy.cancel();
  }

  @Test
  void theSameSeedGivesTheSameAnswer() {
    Sampling sampling = new Sampling(1, 0, 0.95, 0, 0, 0, 42);
    int[] query = runtime.chat().bareQuery("Once");
    GenerationTask task =
        new GenerationTask(
            List.of(),
            Combination.APE,
            false,
            query,
            1,
            1,
            sampling,
            30,
            List.of(),
            3,
            false,
            List.of());
    Answers one = generate(task);
    Answers two = generate(task);
    one.result().join();
    two.result().join();
    assertThat(one.tokens()).isEqualTo(two.tokens()).isNotEmpty();
    assertThat(one.tokens()).allMatch(token -> token.top().size() == 3);
    assertThat(one.result().join().cachedTokens()).isZero();
  }

  @Test
  void lookingUpGuessesChangesNoAnswer() {
    List<KvStates> contexts =
        encode("Ferries", sentences(6)).stream().map(EncodedContext::states).toList();
    for (Sampling sampling :
        List.of(Sampling.GREEDY, new Sampling(0.9, 0, 0.95, 0, 0.5, 0.1, 11))) {
      GenerationTask alone = question(contexts, "When?", sampling, List.of());
      Answers plain = generate(alone);
      GenerationResult expected = plain.result().join();
      int[] said = plain.tokens().stream().mapToInt(GeneratedToken::id).toArray();
      int[] wrong = said.clone();
      for (int i = 5; i < wrong.length; i += 6) {
        wrong[i] = wrong[i] == 100 ? 101 : 100;
      }
      for (List<int[]> lookups : List.of(List.of(said), List.of(wrong), List.of(wrong, said))) {
        Answers guessed = generate(question(contexts, "When?", sampling, lookups));
        GenerationResult result = guessed.result().join();
        assertThat(guessed.tokens()).isEqualTo(plain.tokens());
        assertThat(guessed.text()).isEqualTo(plain.text());
        assertThat(result.finishReason()).isEqualTo(expected.finishReason());
        assertThat(result.completionTokens()).isEqualTo(expected.completionTokens());
        assertThat(result.attentionShares()).isEqualTo(expected.attentionShares());
        assertThat(result.acceptedTokens()).isPositive();
        assertThat(result.draftedTokens()).isGreaterThanOrEqualTo(result.acceptedTokens());
      }
      assertThat(expected.draftedTokens()).isZero();
    }
  }

  private static GenerationTask question(
      List<KvStates> contexts, String text, Sampling sampling, List<int[]> lookups) {
    int[] query = runtime.chat().query(List.of(ChatMessage.user(text)), true);
    return new GenerationTask(
        contexts, Combination.APE, true, query, 0.8, 1, sampling, 60, List.of(), 2, true, lookups);
  }

  @Test
  void aProfileIsKnownByAllThatItsBytesDependOn() {
    Set<String> fingerprints = new HashSet<>();
    fingerprints.add(runtime.profile().fingerprint());
    List<RuntimeConfig> others =
        List.of(
            config().kvFormat(KvFormat.F32).build(),
            config().contextTokens(65).build(),
            config().promptFormat(PromptFormat.DEFAULT).build());
    for (RuntimeConfig other : others) {
      try (ModelRuntime opened = ModelRuntime.open(other)) {
        fingerprints.add(opened.profile().fingerprint());
      }
    }
    assertThat(fingerprints).hasSize(4).allMatch(f -> f.matches("[0-9a-f]{16}"));
    try (ModelRuntime same = ModelRuntime.open(config().threads(1).build())) {
      assertThat(same.profile()).isEqualTo(runtime.profile());
      assertThat(same.backendName()).isEqualTo("cpu");
    }
  }

  @Test
  void whatCannotBeOpenedIsExplained() {
    assertThatThrownBy(() -> ModelRuntime.open(config().backend("abacus").build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("abacus")
        .hasMessageContaining("cpu");
    assertThatThrownBy(() -> ModelRuntime.open(config().contextTokens(4096).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("contextTokens = 4096");
    assertThatThrownBy(() -> ModelRuntime.open(RuntimeConfig.of(directory.resolve("none.gguf"))))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("none.gguf");
  }

  @Test
  void closingEndsAnswersAndEncodings() {
    ModelRuntime other = ModelRuntime.open(config().encodeAheadBytes(1).build());
    Answers answers = new Answers();
    int[] query = other.chat().bareQuery("Once");
    other.generate(
        new GenerationTask(
            List.of(),
            Combination.APE,
            false,
            query,
            1,
            1,
            Sampling.GREEDY,
            4000,
            List.of(),
            0,
            false,
            List.of()),
        answers);
    EncodeJob job = other.encode(new DocumentText("Long", sentences(500)));
    other.close();
    await().until(() -> answers.result().isDone());
    await().until(() -> job.failure() != null);
    assertThatThrownBy(() -> other.encode(new DocumentText("", "x")))
        .isInstanceOf(IllegalStateException.class);
    job.cancel();
  }
}
