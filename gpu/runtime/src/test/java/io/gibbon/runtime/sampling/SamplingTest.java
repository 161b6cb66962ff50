package io.gibbon.runtime.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingTest {

  private static final int VOCABULARY = 257;

  private static float[] logits(long seed) {
    Random random = new Random(seed);
    float[] logits = new float[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
      logits[i] = (float) random.nextGaussian() * 2;
    }
    return logits;
  }

  private static Sampling sampling(
      double temperature, int topK, double topP, double minP, long seed) {
    return new Sampling(temperature, topK, topP, minP, 0, 0, seed);
  }

  private static int greedy(float[] logits) {
    return new Sampler(Sampling.GREEDY, logits.length).next(logits);
  }

  @Test
  void greedyTakesTheLowestIdOfEquals() {
    assertThat(greedy(new float[] {0, 3, 1, 3, 3})).isEqualTo(1);
  }

  @Test
  void keepingOneTokenIsGreedyWhateverTheMeans() {
    for (int seed = 0; seed < 50; seed++) {
      float[] logits = logits(seed);
      assertThat(new Sampler(sampling(1.5, 1, 1, 0, seed), VOCABULARY).next(logits))
          .isEqualTo(greedy(logits));
      assertThat(new Sampler(sampling(1.5, 0, 1e-9, 0, seed), VOCABULARY).next(logits))
          .isEqualTo(greedy(logits));
      assertThat(new Sampler(sampling(1.5, 0, 1, 1, seed), VOCABULARY).next(logits))
          .isEqualTo(greedy(logits));
    }
  }

  @Test
  void choosingAmongTheGreatestLogitsIsChoosingAmongAll() {
    for (Sampling sampling :
        new Sampling[] {
          Sampling.GREEDY,
          sampling(1, 1, 1, 0, 3),
          sampling(1.5, 40, 0.9, 0.01, 4),
          sampling(0.7, TopLogits.MOST, 1, 0, 5)
        }) {
      int depth = Sampler.depth(sampling);
      Sampler among = new Sampler(sampling, depth);
      Sampler all = new Sampler(sampling, VOCABULARY);
      TopLogits top = new TopLogits(1, depth);
      for (int i = 0; i < 200; i++) {
        top.read(0, logits(i), new LogProbabilities());
        assertThat(top.token(0, among.next(top.values(0)))).isEqualTo(all.next(logits(i)));
      }
    }
  }

  @Test
  void choicesThatDependOnMoreThanTheGreatestLogitsNeedAll() {
    assertThat(Sampler.depth(sampling(1, 0, 1, 0, 1))).isZero();
    assertThat(Sampler.depth(sampling(1, 0, 0.9, 0.1, 1))).isZero();
    assertThat(Sampler.depth(sampling(1, TopLogits.MOST + 1, 1, 0, 1))).isZero();
    assertThat(Sampler.depth(new Sampling(0, 0, 1, 0, 0.1, 0, 1))).isZero();
    assertThat(Sampler.depth(new Sampling(0, 0, 1, 0, 0, -0.1, 1))).isZero();
    assertThat(Sampler.depth(new Sampling(0, 99, 1, 0, 0, 0, 1))).isEqualTo(1);
  }

  @Test
  void theGreatestLogitsAreInOrderWhateverTheOrderTheyCome() {
    TopLogits top = new TopLogits(1, 3);
    top.clear(0, 1);
    top.offer(0, 7, 2);
    top.offer(0, 9, Float.NEGATIVE_INFINITY);
    assertThat(top.size(0)).isEqualTo(1);
    assertThat(top.values(0)).containsExactly(2, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY);
    top.offer(0, 3, 2);
    top.offer(0, 8, 1);
    top.offer(0, 5, 2);
    top.offer(0, 4, 1.5f);
    assertThat(IntStream.range(0, top.size(0)).map(rank -> top.token(0, rank)).toArray())
        .containsExactly(3, 5, 7);
    assertThat(top.values(0)).containsExactly(2, 2, 2);
  }

  @Test
  void temperaturesTooSmallToDivideByAreGreedy() {
    for (double temperature : new double[] {Double.MIN_VALUE, 1e-40, 9e-7}) {
      float[] logits = logits(1);
      assertThat(new Sampler(sampling(temperature, 0, 1, 0, 1), VOCABULARY).next(logits))
          .isEqualTo(greedy(logits));
    }
  }

  @Test
  void aSeedRepeatsItselfAndSeedsDiffer() {
    int[] first = IntStream.range(0, 1).toArray();
    Set<String> runs = new HashSet<>();
    for (int seed = 0; seed < 5; seed++) {
      first = run(sampling(1, 40, 0.9, 0.01, seed));
      assertThat(run(sampling(1, 40, 0.9, 0.01, seed))).isEqualTo(first);
      runs.add(Arrays.toString(first));
    }
    assertThat(runs).hasSize(5);
  }

  private static int[] run(Sampling sampling) {
    Sampler sampler = new Sampler(sampling, VOCABULARY);
    return IntStream.range(0, 40).map(i -> sampler.next(logits(i))).toArray();
  }

  @Test
  void topKDrawsFromTheKMostProbable() {
    float[] logits = logits(7);
    LogProbabilities probabilities = new LogProbabilities();
    probabilities.read(logits);
    assertThat(drawn(sampling(2, 5, 1, 0, 1), logits))
        .containsExactlyInAnyOrder(
            Arrays.stream(probabilities.top(5)).boxed().toArray(Integer[]::new));
  }

  @Test
  void topPDrawsFromTheSmallestSufficientSet() {
    float[] logits = logs(0.5, 0.3, 0.15, 0.05);
    assertThat(drawn(sampling(1, 0, 0.79, 0, 1), logits)).containsExactlyInAnyOrder(0, 1);
    assertThat(drawn(sampling(1, 0, 0.81, 0, 1), logits)).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(drawn(sampling(1, 2, 0.6, 0, 1), logits)).containsExactly(0);
  }

  @Test
  void minPDropsWhatIsTooImprobableBesideTheBest() {
    float[] logits = logs(0.5, 0.3, 0.15, 0.05);
    assertThat(drawn(sampling(1, 0, 1, 0.29, 1), logits)).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(drawn(sampling(1, 0, 1, 0.31, 1), logits)).containsExactlyInAnyOrder(0, 1);
  }

  @Test
  void drawsFollowTheProbabilities() {
    float[] logits = logs(0.5, 0.3, 0.15, 0.05);
    Sampler sampler = new Sampler(sampling(1, 0, 1, 0, 3), 4);
    int[] counts = new int[4];
    for (int i = 0; i < 10_000; i++) {
      counts[sampler.next(logits)]++;
    }
    assertThat(counts[0]).isBetween(4_800, 5_200);
    assertThat(counts[3]).isBetween(400, 600);
  }

  private static float[] logs(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(probabilities[i]);
    }
    return logits;
  }

  private static Set<Integer> drawn(Sampling sampling, float[] logits) {
    Sampler sampler = new Sampler(sampling, logits.length);
    Set<Integer> drawn = new HashSet<>();
    for (int i = 0; i < 2_000; i++) {
      drawn.add(sampler.next(logits));
    }
    return drawn;
  }

  @Test
  void penaltiesTurnGreedyAwayFromWhatWasSaid() {
    float[] logits = {1, 0.9f, 0.1f};
    Sampler presence = new Sampler(new Sampling(0, 0, 1, 0, 0, 0.5, 0), 3);
    assertThat(new int[] {presence.next(logits), presence.next(logits), presence.next(logits)})
        .containsExactly(0, 1, 0);
    Sampler frequency = new Sampler(new Sampling(0, 0, 1, 0, 0.6, 0, 0), 3);
    assertThat(IntStream.range(0, 5).map(i -> frequency.next(logits)).toArray())
        .containsExactly(0, 1, 0, 1, 2);
    assertThat(logits).containsExactly(1, 0.9f, 0.1f);
  }

  @Test
  void logitsThatAreNoNumbersAreRefused() {
    for (Sampling sampling : new Sampling[] {Sampling.GREEDY, sampling(1, 0, 0.9, 0, 0)}) {
      assertThatThrownBy(() -> new Sampler(sampling, 3).next(new float[] {1, Float.NaN, 2}))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageContaining("token 1");
    }
    float[] nothing = {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY};
    assertThatThrownBy(() -> new Sampler(Sampling.GREEDY, 2).next(nothing))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> new LogProbabilities().read(nothing))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> new LogProbabilities().read(new float[] {0, Float.NaN}))
        .isInstanceOf(ArithmeticException.class);
    TopLogits top = new TopLogits(1, 1);
    top.read(0, new float[] {0, Float.NaN}, new LogProbabilities());
    assertThatThrownBy(() -> top.logSumExp(0)).isInstanceOf(ArithmeticException.class);
  }

  @Test
  void logProbabilitiesSumToOneAndTopIsInOrder() {
    float[] logits = logits(11);
    LogProbabilities probabilities = new LogProbabilities();
    probabilities.read(logits);
    double sum =
        IntStream.range(0, VOCABULARY).mapToDouble(i -> Math.exp(probabilities.of(i))).sum();
    assertThat(sum).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-6));
    int[] sorted =
        IntStream.range(0, VOCABULARY)
            .boxed()
            .sorted((a, b) -> Float.compare(logits[b], logits[a]))
            .mapToInt(Integer::intValue)
            .limit(20)
            .toArray();
    assertThat(probabilities.top(20)).containsExactly(sorted);
    assertThat(probabilities.top(0)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "temperature, -0.1, 0, 1, 0, 0, 0",
    "temperature, 2.1, 0, 1, 0, 0, 0",
    "temperature, NaN, 0, 1, 0, 0, 0",
    "top_k, 1, -1, 1, 0, 0, 0",
    "top_p, 1, 0, 0, 0, 0, 0",
    "top_p, 1, 0, 1.1, 0, 0, 0",
    "min_p, 1, 0, 1, -0.1, 0, 0",
    "frequency_penalty, 1, 0, 1, 0, 2.5, 0",
    "presence_penalty, 1, 0, 1, 0, 0, -3"
  })
  void absurdValuesAreRefusedByName(
      String field,
      double temperature,
      int topK,
      double topP,
      double minP,
      double frequency,
      double presence) {
    assertThatThrownBy(() -> new Sampling(temperature, topK, topP, minP, frequency, presence, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(field + " must be");
  }
}
