package io.gibbon.runtime.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.OverloadedException;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.sampling.LogProbabilities;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read over cached contexts is what the model computes over the same tokens in order. */
class ContextReaderTest {

  private static final double TOLERANCE = 1e-4;

  private final List<KvStates> opened = new ArrayList<>();
  private ModelRuntime runtime;
  private ContextReader reader;

  @BeforeEach
  void open(@TempDir Path directory) {
    runtime =
        ModelRuntime.open(
            RuntimeConfig.builder(TinyModel.writeDefault(directory))
                .kvFormat(KvFormat.F32)
                .build());
    reader = runtime.reader();
  }

  @AfterEach
  void close() {
    opened.forEach(KvStates::close);
    runtime.close();
  }

  @Test
  void whoLeavesReadsNoFurtherAndHoldsNothing() {
    int[] question = tokens(300, 1);
    AtomicInteger asked = new AtomicInteger();
    ContextReader leaves = reader.asLongAs(() -> asked.incrementAndGet() < 3);
    List<Reading> readings = List.of(Reading.alone(encode(tokens(20, 2))));
    assertThatThrownBy(() -> leaves.logProbabilities(readings, question, 1))
        .isInstanceOf(CancellationException.class);
    assertThat(asked).hasValue(3);
    assertThat(runtime.cache().stats().reservedBytes()).isZero();
  }

  @Test
  void theLikelihoodOfAQuestionGivenOneContextIsThatOfReadingBothInOrder() {
    int[] question = tokens(90, 1);
    List<int[]> contexts = List.of(tokens(40, 2), tokens(7, 3), tokens(21, 4));
    List<Reading> readings = contexts.stream().map(c -> Reading.alone(encode(c))).toList();
    double[] sums = reader.logProbabilities(readings, question, 3);
    for (int i = 0; i < sums.length; i++) {
      int[] context = contexts.get(i);
      int[] all = IntStream.concat(IntStream.of(context), IntStream.of(question)).toArray();
      assertThat(sums[i]).isCloseTo(inOrder(all, context.length + 3), within(TOLERANCE));
    }
  }

  @Test
  void sharesAreThoseOfTheTokensAskedAbout() {
    int[] tokens = tokens(10, 10);
    Reading reading = new Reading(List.of(encode(tokens(15, 11)), encode(tokens(60, 12))), 1, 1);
    List<Head> heads = List.of(new Head(1, 3), new Head(0, 0));
    float[][] all = reader.shares(reading, tokens, heads);
    List<int[]> parts = List.of(Arrays.copyOf(tokens, 6), Arrays.copyOfRange(tokens, 6, 10));
    float[][] early = reader.shares(reading, parts, heads).get(0);
    float[][] late = reader.shares(reading, parts, heads).get(1);
    for (int head = 0; head < heads.size(); head++) {
      for (int context = 0; context < 2; context++) {
        double mean = 0.6 * early[head][context] + 0.4 * late[head][context];
        assertThat((double) all[head][context]).isCloseTo(mean, within(1e-6));
      }
    }
  }

  @Test
  void whatIsReadCountsAgainstTheBudgetUntilItIsDone() {
    KvLayout layout = runtime.profile().layout();
    KvCache budget = new KvCache(2 * layout.bytes(10));
    Set<Long> reserved = new HashSet<>();
    ContextReader counted =
        new ContextReader(
            slices -> {
              reserved.add(budget.stats().reservedBytes());
              runtime.probe(slices);
            },
            layout,
            runtime.tokenizer().size(),
            runtime.prefix(),
            budget);
    int[] tokens = tokens(10, 13);
    List<Reading> two = List.of(Reading.alone(encode(tokens)), Reading.alone(encode(tokens)));

    counted.logProbabilities(two, tokens, 1);
    assertThat(reserved).containsExactly(2 * layout.bytes(10));
    reserved.clear();
    counted.shares(two.getFirst(), tokens, List.of(new Head(0, 0)));
    assertThat(reserved).containsExactly(layout.bytes(10));
    assertThat(budget.stats().reservedBytes()).isZero();

    List<Reading> three = List.of(two.getFirst(), two.getFirst(), two.getLast());
    assertThatThrownBy(() -> counted.logProbabilities(three, tokens, 1))
        .isInstanceOf(OverloadedException.class)
        .hasMessageContaining("kvBudgetBytes");
    assertThat(budget.stats().reservedBytes()).isZero();
    budget.close();
  }

  private double inOrder(int[] tokens, int from) {
    KvStates own = KvStates.allocate(runtime.profile().layout(), tokens.length);
    opened.add(own);
    int vocabulary = runtime.tokenizer().size();
    float[] logits = new float[tokens.length * vocabulary];
    int start = runtime.profile().prefixTokens();
    Sequence sequence = new Sequence(runtime.prefix(), List.of(), own, start, 1, 1);
    runtime.probe(List.of(new Slice(sequence, 0, tokens, logits, null)));
    LogProbabilities probabilities = new LogProbabilities();
    double sum = 0;
    for (int i = from; i < tokens.length; i++) {
      probabilities.read(Arrays.copyOfRange(logits, (i - 1) * vocabulary, i * vocabulary));
      sum += probabilities.of(tokens[i]);
    }
    return sum;
  }

  private KvStates encode(int[] tokens) {
    KvStates own = KvStates.allocate(runtime.profile().layout(), tokens.length);
    opened.add(own);
    int start = runtime.profile().prefixTokens();
    Sequence sequence = new Sequence(runtime.prefix(), List.of(), own, start, 1, 1);
    runtime.probe(List.of(new Slice(sequence, 0, tokens, null, null)));
    return own;
  }

  private int[] tokens(int count, long seed) {
    return new Random(seed).ints(count, 0, runtime.tokenizer().size()).toArray();
  }
}
