package io.gibbon.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.kernel.ForcedWidth;
import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.ScalarKernels;
import io.gibbon.runtime.kernel.VectorKernels;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.ModelDescription.Activation;
import io.gibbon.runtime.model.RopeDescription;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import io.gibbon.runtime.model.RopeDescription.Scaling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** APE attention against its definition in float64. */
class AttentionTest {

  private static final double TOLERANCE = 5e-6;

  private final Random random = new Random(11);
  private final List<KvStates> opened = new ArrayList<>();
  private final Workers workers = new Workers(2);

  @AfterEach
  void close() {
    workers.close();
    opened.forEach(KvStates::close);
  }

  static Stream<Named<Kernels>> kernels() {
    return Stream.of(new ScalarKernels(), new VectorKernels(), ForcedWidth.kernels(128))
        .map(kernels -> Named.of(kernels.name(), kernels));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void allHeadDimensionsAndGroupsFollowTheDefinition(Kernels kernels) {
    for (int headDim : new int[] {64, 96, 128, 256}) {
      for (int group : new int[] {1, 2, 3, 5, 8}) {
        KvFormat format = KvFormat.values()[random.nextInt(KvFormat.values().length)];
        Shape shape = new Shape(headDim, 2, group, format);
        int[] lengths = random.ints(random.nextInt(4), 1, 150).toArray();
        Case c =
            new Case(
                shape,
                random.nextBoolean() ? states(shape, 1 + random.nextInt(30)) : null,
                IntStream.of(lengths).mapToObj(n -> states(shape, n)).toList(),
                states(shape, 70),
                random.nextInt(64),
                1 + random.nextInt(6),
                0.5 + random.nextDouble(),
                0.5 + random.nextDouble());
        assertFollowsDefinition(kernels, c);
      }
    }
  }

  @Test
  void contextsAndOwnTokensLongerThanASpanFollowTheDefinition() {
    Shape shape = new Shape(64, 1, 3, KvFormat.F32);
    List<KvStates> contexts = List.of(states(shape, 2100), states(shape, 1), states(shape, 1025));
    KvStates own = states(shape, 1100);
    Case c = new Case(shape, states(shape, 20), contexts, own, 1020, 40, 0.8, 1.1);
    assertFollowsDefinition(new VectorKernels(), c);
  }

  @Test
  void aThousandContextsFollowTheDefinition() {
    Shape shape = new Shape(64, 1, 2, KvFormat.F32);
    List<KvStates> contexts =
        IntStream.range(0, 1500).mapToObj(i -> states(shape, 1 + random.nextInt(90))).toList();
    Case c = new Case(shape, states(shape, 20), contexts, states(shape, 5), 4, 1, 0.9, 0.9);
    assertFollowsDefinition(new VectorKernels(), c);
  }

  @Test
  void permutingContextsChangesNothing() {
    Shape shape = new Shape(64, 2, 2, KvFormat.F32);
    List<KvStates> contexts = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      contexts.add(states(shape, 1 + random.nextInt(120)));
    }
    Case c = new Case(shape, null, contexts, states(shape, 8), 2, 6, 0.7, 1.2);
    float[] queries = queries(c);
    float[] inOrder = run(new VectorKernels(), c, queries, null);
    List<KvStates> shuffled = new ArrayList<>(contexts);
    Collections.shuffle(shuffled, random);
    Case permuted = new Case(shape, null, shuffled, c.own, 2, 6, 0.7, 1.2);
    float[] outOfOrder = run(new VectorKernels(), permuted, queries, null);
    for (int i = 0; i < inOrder.length; i++) {
      assertThat(outOfOrder[i]).isCloseTo(inOrder[i], within(1e-5f));
    }
  }

  @Test
  void withTemperatureAndScaleOneContextsAreOneSoftmax() {
    Shape shape = new Shape(64, 1, 1, KvFormat.F32);
    List<KvStates> contexts = List.of(states(shape, 40), states(shape, 3), states(shape, 77));
    Case c = new Case(shape, states(shape, 9), contexts, states(shape, 3), 0, 3, 1, 1);
    float[] queries = queries(c);
    float[] actual = run(new VectorKernels(), c, queries, null);
    for (int row = 0; row < 3; row++) {
      List<double[]> tokens = new ArrayList<>(c.tokens(c.contexts, 0, Integer.MAX_VALUE));
      tokens.addAll(c.tokens(List.of(c.prefix), 0, Integer.MAX_VALUE));
      tokens.addAll(c.tokens(List.of(c.own), 0, row + 1));
      double[] expected = Reference.attend(c.query(queries, row, 0), tokens, 1 / 8.0).out();
      assertClose(Arrays.copyOfRange(actual, row * 64, (row + 1) * 64), expected);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aRowHasTheSameBitsInEveryBatch(Kernels kernels) {
    for (KvFormat format : KvFormat.values()) {
      Shape shape = new Shape(64, 2, 3, format);
      List<KvStates> shared = List.of(states(shape, 101), states(shape, 7), states(shape, 129));
      Case many = new Case(shape, states(shape, 20), shared, states(shape, 130), 60, 70, 0.8, 1);
      float[] queries = queries(many);
      float[] together = run(kernels, many, queries, null);
      int width = shape.heads() * 64;
      for (int row : new int[] {0, 3, 4, 33, 69}) {
        Case one = new Case(shape, many.prefix, shared, many.own, 60 + row, 1, 0.8, 1);
        float[] query = Arrays.copyOfRange(queries, row * width, (row + 1) * width);
        assertThat(run(kernels, one, query, null))
            .isEqualTo(Arrays.copyOfRange(together, row * width, (row + 1) * width));
      }
    }
  }

  private void assertFollowsDefinition(Kernels kernels, Case c) {
    float[] queries = queries(c);
    List<Head> heads =
        IntStream.range(0, c.shape.heads()).mapToObj(head -> new Head(0, head)).toList();
    HeadShares shares = HeadShares.each(heads.reversed(), c.contexts.size());
    HeadShares mean = HeadShares.mean(c.contexts.size());
    float[] actual = run(kernels, c, queries, shares);
    assertThat(run(kernels, c, queries, mean)).isEqualTo(actual);
    int headDim = c.shape.headDim;
    double[][] expectedShares = new double[c.shape.heads()][c.contexts.size()];
    double[] expectedMean = new double[c.contexts.size()];
    for (int row = 0; row < c.rows; row++) {
      for (int head = 0; head < c.shape.heads(); head++) {
        double[] query = c.query(queries, row, head);
        Reference.Ape expected = c.expected(query, row, head / c.shape.group);
        int at = (row * c.shape.heads() + head) * headDim;
        assertClose(Arrays.copyOfRange(actual, at, at + headDim), expected.out());
        for (int i = 0; i < c.contexts.size(); i++) {
          expectedShares[head][i] += expected.shares()[i] / c.rows;
          expectedMean[i] += expected.shares()[i] / c.rows / c.shape.heads();
        }
      }
    }
    for (int head = 0; head < c.shape.heads(); head++) {
      assertClose(shares.of(c.shape.heads() - 1 - head), expectedShares[head]);
    }
    assertClose(mean.of(0), expectedMean);
  }

  private static void assertClose(float[] actual, double[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(TOLERANCE));
    }
  }

  private float[] run(Kernels kernels, Case c, float[] queries, @Nullable HeadShares shares) {
    ModelDescription model = c.shape.model();
    Attention attention = new Attention(model, kernels, workers);
    Sequence sequence =
        new Sequence(c.prefix, c.contexts, c.own, 0, c.temperature, c.scalingFactor);
    Slice slice = new Slice(sequence, c.first, new int[c.rows], null, shares);
    Map<Slice, Shares[]> collected = new IdentityHashMap<>();
    if (shares != null) {
      int[] pieces = AttentionPlan.contextOfPiece(c.contexts);
      Shares[] rows = new Shares[c.rows];
      Arrays.setAll(rows, i -> new Shares(shares, pieces, model.heads(), 1));
      collected.put(slice, rows);
    }
    int width = c.shape.heads() * c.shape.headDim;
    float[] out = new float[c.rows * width];
    AttentionPlan plan = attention.plan(RowRange.all(List.of(slice)), collected);
    attention.run(0, plan, queries, width, out, width);
    collected.values().forEach(rows -> Shares.write(rows, shares));
    return out;
  }

  private float[] queries(Case c) {
    float[] queries = new float[c.rows * c.shape.heads() * c.shape.headDim];
    for (int i = 0; i < queries.length; i++) {
      queries[i] = (float) random.nextGaussian();
    }
    return queries;
  }

  private KvStates states(Shape shape, int tokens) {
    KvStates states = KvStates.allocate(shape.layout(), tokens);
    opened.add(states);
    for (int token = 0; token < tokens; token++) {
      for (int head = 0; head < shape.kvHeads; head++) {
        float[] both = new float[2 * shape.headDim];
        for (int i = 0; i < both.length; i++) {
          both[i] = (float) random.nextGaussian();
        }
        states.put(0, head, token, both, 0, both, shape.headDim);
      }
    }
    return states;
  }

  private record Shape(int headDim, int kvHeads, int group, KvFormat format) {

    int heads() {
      return kvHeads * group;
    }

    KvLayout layout() {
      return new KvLayout(1, kvHeads, headDim, format);
    }

    ModelDescription model() {
      int width = heads() * headDim;
      return new ModelDescription(
          "llama",
          1,
          width,
          width,
          heads(),
          kvHeads,
          headDim,
          16,
          4096,
          1e-5f,
          1,
          1 / Math.sqrt(headDim),
          Activation.SILU,
          new RopeDescription(1e4f, headDim, Pairing.ADJACENT, Scaling.NONE),
          null);
    }
  }

  private record Case(
      Shape shape,
      @Nullable KvStates prefix,
      List<KvStates> contexts,
      KvStates own,
      int first,
      int rows,
      double temperature,
      double scalingFactor) {

    double[] query(float[] queries, int row, int head) {
      int from = (row * shape.heads() + head) * shape.headDim;
      return IntStream.range(from, from + shape.headDim).mapToDouble(i -> queries[i]).toArray();
    }

    Reference.Ape expected(double[] query, int row, int kvHead) {
      List<double[]> others = new ArrayList<>();
      if (prefix != null) {
        others.addAll(tokens(List.of(prefix), kvHead, Integer.MAX_VALUE));
      }
      others.addAll(tokens(List.of(own), kvHead, first + row + 1));
      List<List<double[]>> each =
          contexts.stream().map(c -> tokens(List.of(c), kvHead, Integer.MAX_VALUE)).toList();
      return Reference.ape(query, each, others, temperature, scalingFactor);
    }

    /** Key and value, one after the other, of each of the first tokens. */
    List<double[]> tokens(List<KvStates> states, int kvHead, int limit) {
      List<double[]> tokens = new ArrayList<>();
      for (KvStates one : states) {
        for (int token = 0; token < Math.min(one.tokens(), limit); token++) {
          tokens.add(Reference.token(one, kvHead, token));
        }
      }
      return tokens;
    }
  }
}
