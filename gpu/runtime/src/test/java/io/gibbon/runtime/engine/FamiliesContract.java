package io.gibbon.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.GgufWriter;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.ReferencePass.Result;
import io.gibbon.runtime.engine.ReferencePass.Token;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every model family and every scaling of positions against {@link ReferencePass}, with weights
 * written here. Float32 arithmetic on four layers of width 64 stays within 1e-4 of float64.
 */
public abstract class FamiliesContract {

  private static final double TOLERANCE = 1e-4;

  /** Longer than the sliding window of the tiny Gemma. */
  private static final int LONG = Tile.TOKENS + 2 * TinyModel.SLIDING_WINDOW + 1;

  @TempDir Path directory;

  private final List<KvStates> opened = new ArrayList<>();
  private final Random random = new Random(5);

  /** Loads a model on the backend under test. */
  protected abstract Executor load(Model model, KvLayout layout);

  static List<String> models() {
    return List.copyOf(MODELS.keySet());
  }

  private static final Map<String, Consumer<GgufWriter>> MODELS =
      Map.of(
          "llama", out -> {},
          "llama, linear scaling",
              out ->
                  out.string("llama.rope.scaling.type", "linear")
                      .number("llama.rope.scaling.factor", 4),
          "llama, frequency divisors",
              out ->
                  out.tensor(
                      "rope_freqs.weight",
                      TensorType.F32,
                      8,
                      1,
                      new float[] {1, 1, 1, 1.5f, 2, 8, 8, 8}),
          "qwen2", out -> {},
          "qwen2, yarn",
              out ->
                  out.string("qwen2.rope.scaling.type", "yarn")
                      .number("qwen2.rope.scaling.factor", 4)
                      .integer("qwen2.rope.scaling.original_context_length", 1024),
          "qwen3", out -> {},
          "gemma3", out -> {});

  @ParameterizedTest
  @MethodSource("models")
  void everyTokenOfARunFollowsTheDefinition(String name) {
    check(
        name,
        (reference, engine) -> {
          int[] tokens = tokens(LONG, engine);
          Result expected = reference.run(List.of(), List.of(), tokens, 0, 1, 1);
          float[] logits = new float[tokens.length * engine.vocabulary()];
          engine.run(null, List.of(), tokens, 0, 1, 1, logits);
          for (int row = 0; row < tokens.length; row++) {
            engine.assertClose(logits, row, expected.logits().get(row));
          }
        });
  }

  @ParameterizedTest
  @MethodSource("models")
  void aQuestionOverContextsFollowsTheDefinition(String name) {
    check(
        name,
        (reference, engine) -> {
          int[] prefixTokens = tokens(6, engine);
          List<Token> prefix = reference.run(List.of(), List.of(), prefixTokens, 0, 1, 1).tokens();
          KvStates prefixStates = engine.run(null, List.of(), prefixTokens, 0, 1, 1, null);
          List<Token> contexts = new ArrayList<>();
          List<KvStates> contextStates = new ArrayList<>();
          for (int length : new int[] {5, LONG, 20, 1}) {
            int[] tokens = tokens(length, engine);
            contexts.addAll(reference.run(prefix, List.of(), tokens, 6, 1, 1).tokens());
            contextStates.add(engine.run(prefixStates, List.of(), tokens, 6, 1, 1, null));
          }
          int[] query = tokens(30, engine);
          Result expected = reference.run(prefix, contexts, query, 6 + LONG, 0.8, 1.1);
          float[] logits = new float[query.length * engine.vocabulary()];
          engine.run(prefixStates, contextStates, query, 6 + LONG, 0.8, 1.1, logits);
          for (int row = 0; row < query.length; row++) {
            engine.assertClose(logits, row, expected.logits().get(row));
          }
        });
  }

  @Test
  void frequencyDivisorsThatAreNoNumbersAreRefused() {
    for (float divisor : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
      GgufWriter writer = TinyModel.DEFAULT.writer();
      float[] divisors = {1, 1, 1, 1, 1, 1, 1, divisor};
      writer.tensor("rope_freqs.weight", TensorType.F32, 8, 1, divisors);
      try (Model model = Model.open(writer.write(directory.resolve("tiny.gguf")))) {
        KvLayout layout = new KvLayout(2, 2, 16, KvFormat.F32);
        assertThatThrownBy(() -> load(model, layout))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("rope_freqs.weight has " + divisor);
      }
    }
  }

  private interface Check {
    void run(ReferencePass reference, Engine engine);
  }

  private void check(String name, Check check) {
    GgufWriter writer = TinyModel.DEFAULT.withArchitecture(name.split(",")[0]).writer();
    MODELS.get(name).accept(writer);
    try (Model model = Model.open(writer.write(directory.resolve("tiny.gguf")))) {
      var shape = model.description();
      KvLayout layout =
          new KvLayout(shape.layers(), shape.kvHeads(), shape.headDim(), KvFormat.F32);
      try (Executor executor = load(model, layout)) {
        check.run(new ReferencePass(model), new Engine(executor, layout, shape.vocabulary()));
      }
    } finally {
      opened.forEach(KvStates::close);
    }
  }

  private int[] tokens(int n, Engine engine) {
    return random.ints(n, 0, engine.vocabulary).toArray();
  }

  private final class Engine {

    private final Executor executor;
    private final KvLayout layout;
    private final int vocabulary;

    private Engine(Executor executor, KvLayout layout, int vocabulary) {
      this.executor = executor;
      this.layout = layout;
      this.vocabulary = vocabulary;
    }

    int vocabulary() {
      return vocabulary;
    }

    KvStates run(
        @Nullable KvStates prefix,
        List<KvStates> contexts,
        int[] tokens,
        int start,
        double temperature,
        double scalingFactor,
        float @Nullable [] logits) {
      KvStates own = KvStates.allocate(layout, tokens.length);
      opened.add(own);
      Sequence sequence = new Sequence(prefix, contexts, own, start, temperature, scalingFactor);
      HeadShares shares = logits == null ? null : HeadShares.mean(contexts.size());
      executor.step(List.of(new Slice(sequence, 0, tokens, logits, shares)));
      if (shares != null) {
        assertThat(shares.of(0)).doesNotContain(Float.NaN);
      }
      return own;
    }

    void assertClose(float[] logits, int row, double[] expected) {
      for (int i = 0; i < vocabulary; i++) {
        assertThat((double) logits[row * vocabulary + i])
            .as("logit %d of row %d", i, row)
            .isCloseTo(expected[i], within(TOLERANCE));
      }
    }
  }
}
