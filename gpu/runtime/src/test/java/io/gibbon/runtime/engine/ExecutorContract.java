package io.gibbon.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.kernel.ScalarKernels;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.TensorType;
import io.gibbon.runtime.sampling.LogProbabilities;
import io.gibbon.runtime.sampling.TopLogits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every backend's forward pass promises, whatever the weights. */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class ExecutorContract {

  @TempDir Path directory;

  private final List<KvStates> opened = new ArrayList<>();
  private Model model;
  private KvLayout layout;
  private Executor executor;

  /** Loads a model on the backend under test. */
  protected abstract Executor load(Model model, KvLayout layout);

  @BeforeAll
  void open(@TempDir Path shared) {
    model = Model.open(TinyModel.DEFAULT.write(shared.resolve("tiny.gguf")));
    layout = layout(KvFormat.F16);
    executor = load(model, layout);
  }

  @AfterAll
  void close() {
    executor.close();
    opened.forEach(KvStates::close);
    model.close();
  }

  @Test
  void oneContextWithTemperatureAndScaleOneEqualsOneRun() {
    KvStates prefix = encode(null, tokens(5, 1), 0);
    KvStates context = encode(prefix, tokens(90, 2), 5);
    float[] apart =
        logits(new Sequence(prefix, List.of(context), own(20), 95, 1, 1), 0, tokens(20, 3));

    Sequence together = new Sequence(null, List.of(), own(115), 0, 1, 1);
    step(new Slice(together, 0, tokens(5, 1), null, null));
    step(new Slice(together, 5, tokens(90, 2), null, null));
    float[] run = logits(together, 95, tokens(20, 3));
    for (int i = 0; i < run.length; i++) {
      assertThat(apart[i]).isCloseTo(run[i], within(2e-4f));
    }
  }

  @Test
  void aContextsBytesDoNotDependOnTheBatchOrItsSlices() {
    KvStates prefix = encode(null, tokens(5, 1), 0);
    KvStates alone = encode(prefix, tokens(100, 2), 5);

    KvStates amongOthers = own(100);
    List<Slice> slices = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Sequence other = new Sequence(prefix, List.of(alone), own(30), 105, 0.8, 1);
      slices.add(new Slice(other, 0, tokens(1 + 7 * i, i), new float[vocabulary()], null));
    }
    Sequence encoding = new Sequence(prefix, List.of(), amongOthers, 5, 1, 1);
    slices.add(2, new Slice(encoding, 0, tokens(100, 2), null, null));
    executor.step(slices);
    assertThat(amongOthers.memory().mismatch(alone.memory())).isEqualTo(-1);

    KvStates sliced = own(100);
    Sequence again = new Sequence(prefix, List.of(), sliced, 5, 1, 1);
    for (int from = 0; from < 100; from += 37) {
      int[] some = Arrays.copyOfRange(tokens(100, 2), from, Math.min(100, from + 37));
      step(new Slice(again, from, some, null, null));
    }
    assertThat(sliced.memory().mismatch(alone.memory())).isEqualTo(-1);
  }

  @Test
  void aRowsLogitsAndSharesDoNotDependOnTheBatch() {
    KvStates prefix = encode(null, tokens(5, 1), 0);
    List<KvStates> contexts =
        List.of(encode(prefix, tokens(70, 2), 5), encode(prefix, tokens(9, 3), 5));
    HeadShares shares = HeadShares.mean(2);
    float[] alone = new float[vocabulary()];
    Sequence sequence = new Sequence(prefix, contexts, own(40), 75, 0.8, 1.1);
    step(new Slice(sequence, 0, tokens(20, 4), alone, shares));

    List<Slice> slices = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Sequence other = new Sequence(prefix, contexts, own(40), 75, 0.8, 1.1);
      int[] tokens = i == 3 ? tokens(20, 4) : tokens(11 + i, i);
      slices.add(new Slice(other, 0, tokens, new float[vocabulary()], HeadShares.mean(2)));
    }
    executor.step(slices);
    assertThat(slices.get(3).logits()).isEqualTo(alone);
    assertThat(slices.get(3).shares().of(0)).isEqualTo(shares.of(0));
    assertThat(shares.of(0)[0]).isPositive();
    assertThat(shares.of(0)[0] + shares.of(0)[1]).isLessThan(1);
  }

  @Test
  void sharesOfSingleHeadsAreTheSameWhetherTheStepEndsAtTheirLayerOrGoesOn() {
    KvStates prefix = encode(null, tokens(5, 1), 0);
    List<KvStates> contexts =
        List.of(encode(prefix, tokens(70, 2), 5), encode(prefix, tokens(9, 3), 5));
    int[] question = tokens(6, 4);
    for (int layer = 0; layer < 2; layer++) {
      List<Head> heads = List.of(new Head(layer, 1), new Head(0, 0));
      HeadShares early = HeadShares.each(heads, 2);
      HeadShares whole = HeadShares.each(heads, 2);
      step(new Slice(new Sequence(prefix, contexts, own(6), 75, 0.8, 1), 0, question, null, early));
      float[] logits = new float[question.length * vocabulary()];
      step(
          new Slice(
              new Sequence(prefix, contexts, own(6), 75, 0.8, 1), 0, question, logits, whole));
      assertThat(early.of(0)).isEqualTo(whole.of(0)).isNotEqualTo(early.of(1));
      assertThat(early.of(1)).isEqualTo(whole.of(1));
      assertThat(early.of(0)[0] + early.of(0)[1]).isBetween(0.01f, 1f);
    }
  }

  @Test
  void sharesOfTheFirstLayerInTwoPartsAreThoseOfOneStep() {
    KvStates context = encode(null, tokens(40, 1), 0);
    int[] question = tokens(20, 2);
    float[] shares = new float[3];
    Sequence whole = new Sequence(null, List.of(context), own(20), 40, 0.8, 1);
    Sequence parts = new Sequence(null, List.of(context), own(20), 40, 0.8, 1);
    shares[0] = firstLayerShare(new Slice(whole, 0, question, null, firstLayer()));
    for (int i = 0; i < 2; i++) {
      int[] half = Arrays.copyOfRange(question, 10 * i, 10 * i + 10);
      shares[1 + i] = firstLayerShare(new Slice(parts, 10 * i, half, null, firstLayer()));
    }
    assertThat((shares[1] + shares[2]) / 2).isCloseTo(shares[0], within(1e-5f));
  }

  private static HeadShares firstLayer() {
    return HeadShares.each(List.of(new Head(0, 1)), 1);
  }

  private float firstLayerShare(Slice slice) {
    step(slice);
    return slice.shares().of(0)[0];
  }

  @Test
  void sharesOfEachRowAreThoseItHasAlone() {
    KvStates prefix = encode(null, tokens(5, 1), 0);
    List<KvStates> contexts =
        List.of(encode(prefix, tokens(70, 2), 5), encode(prefix, tokens(9, 3), 5));
    int[] question = tokens(260, 4);
    HeadShares all = HeadShares.eachRow(260, 2);
    step(new Slice(new Sequence(prefix, contexts, own(260), 75, 0.8, 1.1), 0, question, null, all));

    Sequence parts = new Sequence(prefix, contexts, own(260), 75, 0.8, 1.1);
    HeadShares most = HeadShares.eachRow(250, 2);
    step(new Slice(parts, 0, Arrays.copyOf(question, 250), null, most));
    for (int row = 0; row < 250; row++) {
      assertThat(all.of(row)).isEqualTo(most.of(row));
    }
    for (int row = 250; row < 260; row++) {
      HeadShares alone = HeadShares.mean(2);
      step(new Slice(parts, row, new int[] {question[row]}, null, alone));
      assertThat(all.of(row)).isEqualTo(alone.of(0)).isNotEqualTo(all.of(row - 1));
    }
  }

  @Test
  void sharesOfHeadsThatTheModelDoesNotHaveAreRefused() {
    KvStates prefix = encode(null, tokens(5, 1), 0);
    Sequence sequence = new Sequence(prefix, List.of(prefix), own(1), 10, 1, 1);
    HeadShares deep = HeadShares.each(List.of(new Head(99, 0)), 1);
    assertThatThrownBy(() -> step(new Slice(sequence, 0, tokens(1, 1), null, deep)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("99");
    assertThatThrownBy(() -> step(new Slice(sequence, 0, tokens(1, 1), null, HeadShares.mean(2))))
        .hasMessageContaining("2 contexts instead of 1");
  }

  @Test
  void allRowsHaveTheLogitsThatTokenByTokenGives() {
    int[] tokens = tokens(45, 9);
    float[] all = new float[tokens.length * vocabulary()];
    step(new Slice(new Sequence(null, List.of(), own(45), 0, 1, 1), 0, tokens, all, null));
    Sequence stepwise = new Sequence(null, List.of(), own(45), 0, 1, 1);
    for (int i = 0; i < tokens.length; i++) {
      float[] one = logits(stepwise, i, new int[] {tokens[i]});
      assertThat(one).isEqualTo(Arrays.copyOfRange(all, i * vocabulary(), (i + 1) * vocabulary()));
    }
  }

  @Test
  void theGreatestLogitsAreThoseOfWholeRows() {
    int[] tokens = tokens(260, 9);
    float[] all = new float[tokens.length * vocabulary()];
    step(new Slice(new Sequence(null, List.of(), own(260), 0, 1, 1), 0, tokens, all, null));
    for (int count : new int[] {1, 20, TopLogits.MOST}) {
      TopLogits each = new TopLogits(tokens.length, count);
      TopLogits last = new TopLogits(1, count);
      TopLogits other = new TopLogits(1, 2);
      executor.step(
          List.of(asking(tokens, each), asking(tokens(3, 1), other), asking(tokens, last)));
      LogProbabilities whole = new LogProbabilities();
      for (int row = 0; row < tokens.length; row++) {
        int from = row * vocabulary();
        float[] logits = Arrays.copyOfRange(all, from, from + vocabulary());
        whole.read(logits);
        int[] best = whole.top(count);
        assertThat(each.size(row)).isEqualTo(count);
        for (int rank = 0; rank < count; rank++) {
          assertThat(each.token(row, rank)).isEqualTo(best[rank]);
          assertThat(each.logit(row, rank)).isEqualTo(logits[best[rank]]);
        }
        double probability = each.logit(row, 0) - each.logSumExp(row);
        assertThat(probability).isCloseTo(whole.of(best[0]), within(1e-5));
      }
      assertThat(last.values(0)).isEqualTo(each.values(259));
      assertThat(other.size(0)).isEqualTo(2);
    }
  }

  private Slice asking(int[] tokens, TopLogits top) {
    Sequence sequence = new Sequence(null, List.of(), own(tokens.length), 0, 1, 1);
    return new Slice(sequence, 0, tokens, null, top, null);
  }

  @ParameterizedTest
  @CsvSource({"llama, I8", "gemma3, F16", "gemma3, I8"})
  void aRowHasTheSameBitsAloneInAFewAndInMany(String architecture, KvFormat format) {
    Path file = directory.resolve(architecture + format + ".gguf");
    TinyModel.DEFAULT.withArchitecture(architecture).writer().write(file);
    try (Model other = Model.open(file)) {
      var shape = other.description();
      KvLayout stored = new KvLayout(shape.layers(), shape.kvHeads(), shape.headDim(), format);
      try (Executor loaded = load(other, stored)) {
        new Invariance(loaded, stored, shape.vocabulary()).check();
      }
    }
  }

  /** Slices of one question over contexts that are shorter and longer than any window. */
  private final class Invariance {

    private static final int ROWS = 21;
    private static final int LONGEST = 2 * Tile.TOKENS + 31;

    private final Executor loaded;
    private final KvLayout stored;
    private final int vocabulary;
    private final KvStates prefix;
    private final List<KvStates> contexts;
    private final int[] question;

    Invariance(Executor loaded, KvLayout stored, int vocabulary) {
      this.loaded = loaded;
      this.stored = stored;
      this.vocabulary = vocabulary;
      this.prefix = encode(null, tokens(5, 1), 0);
      this.contexts = List.of(context(LONGEST, 2), context(9, 3), context(40, 4));
      this.question = tokens(ROWS, 5);
    }

    private int[] tokens(int n, int seed) {
      return new Random(seed).ints(n, 0, vocabulary).toArray();
    }

    private KvStates encode(@Nullable KvStates before, int[] tokens, int start) {
      KvStates own = room(tokens.length);
      Sequence sequence = new Sequence(before, List.of(), own, start, 1, 1);
      loaded.step(List.of(new Slice(sequence, 0, tokens, null, null)));
      return own;
    }

    private KvStates context(int length, int seed) {
      KvStates states = encode(prefix, tokens(length, seed), 5).in(stored);
      opened.add(states);
      return states;
    }

    private KvStates room(int tokens) {
      KvStates states = KvStates.allocate(stored.working(), tokens);
      opened.add(states);
      return states;
    }

    void check() {
      float[] together = bySlices(ROWS, false);
      assertThat(bySlices(1, false)).isEqualTo(together);
      assertThat(bySlices(4, false)).isEqualTo(together);
      assertThat(bySlices(8, true)).isEqualTo(together);
    }

    /** Logits of all rows, so many a step, alone or among others. */
    private float[] bySlices(int rows, boolean amongOthers) {
      Sequence asking = sequence(contexts);
      float[] all = new float[ROWS * vocabulary];
      for (int from = 0; from < ROWS; from += rows) {
        int end = Math.min(ROWS, from + rows);
        float[] logits = new float[(end - from) * vocabulary];
        List<Slice> slices = new ArrayList<>();
        if (amongOthers) {
          slices.add(new Slice(sequence(contexts), 0, tokens(7, 6), null, null));
          slices.add(new Slice(sequence(contexts.subList(1, 2)), 0, tokens(13, 7), null, null));
        }
        slices.add(new Slice(asking, from, Arrays.copyOfRange(question, from, end), logits, null));
        loaded.step(slices);
        System.arraycopy(logits, 0, all, from * vocabulary, logits.length);
      }
      return all;
    }

    private Sequence sequence(List<KvStates> attended) {
      return new Sequence(prefix, attended, room(ROWS), 5 + LONGEST, 0.8, 1.1);
    }
  }

  @Test
  void everyTypeOfWeightsAgreesWithTheReference() {
    for (TensorType type : TinyModel.WEIGHTS) {
      Path file = TinyModel.DEFAULT.withWeights(type).write(directory.resolve(type + ".gguf"));
      try (Model other = Model.open(file)) {
        KvLayout floats = layout(KvFormat.F32);
        float[] actual = firstLogits(load(other, floats));
        float[] scalar = firstLogits(new CpuExecutor(other, floats, new ScalarKernels(), 2));
        for (int i = 0; i < scalar.length; i++) {
          assertThat(actual[i]).as("%s", type).isCloseTo(scalar[i], within(1e-4f));
        }
      }
    }
  }

  private float[] firstLogits(Executor other) {
    try (other;
        KvStates own = KvStates.allocate(layout(KvFormat.F32), 30)) {
      float[] logits = new float[vocabulary()];
      Sequence sequence = new Sequence(null, List.of(), own, 0, 1, 1);
      other.step(List.of(new Slice(sequence, 0, tokens(30, 5), logits, null)));
      return logits;
    }
  }

  @Test
  void impossibleSlicesAreRefused() {
    Sequence sequence = new Sequence(null, List.of(), own(4), 0, 1, 1);
    assertThatThrownBy(() -> step(new Slice(sequence, 0, tokens(5, 1), null, null)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tokens 0 to 5 in own states of 4");
    assertThatThrownBy(() -> step(new Slice(sequence, 0, new int[] {vocabulary()}, null, null)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vocabulary");
    KvLayout otherShape = new KvLayout(1, 1, 16, KvFormat.F16);
    try (KvStates foreign = KvStates.allocate(otherShape, 4)) {
      Sequence mixed = new Sequence(null, List.of(foreign), own(4), 0, 1, 1);
      assertThatThrownBy(() -> step(new Slice(mixed, 0, tokens(1, 1), null, null)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("layout");
    }
  }

  private KvLayout layout(KvFormat format) {
    var shape = model.description();
    return new KvLayout(shape.layers(), shape.kvHeads(), shape.headDim(), format);
  }

  private int vocabulary() {
    return model.description().vocabulary();
  }

  private KvStates own(int tokens) {
    KvStates states = KvStates.allocate(layout, tokens);
    opened.add(states);
    return states;
  }

  private KvStates encode(@Nullable KvStates prefix, int[] tokens, int start) {
    KvStates own = own(tokens.length);
    step(new Slice(new Sequence(prefix, List.of(), own, start, 1, 1), 0, tokens, null, null));
    return own;
  }

  private float[] logits(Sequence sequence, int first, int[] tokens) {
    float[] logits = new float[vocabulary()];
    step(new Slice(sequence, first, tokens, logits, null));
    return logits;
  }

  private void step(Slice slice) {
    executor.step(List.of(slice));
  }

  private int[] tokens(int n, int seed) {
    return new Random(seed).ints(n, 0, vocabulary()).toArray();
  }
}
