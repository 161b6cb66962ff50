package io.gibbon.tornado;

import io.gibbon.runtime.engine.CpuExecutor;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.PackedMatrix.Encoding;
import io.gibbon.runtime.kernel.ScalarKernels;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.ModelDescription.Activation;
import io.gibbon.runtime.model.RopeDescription;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import io.gibbon.runtime.model.RopeDescription.Scaling;
import io.gibbon.runtime.sampling.LogProbabilities;
import io.gibbon.runtime.sampling.TopLogits;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * A question over two contexts, asked of a small random model on a device and on the scalar
 * reference: every kernel runs, and logits, attention shares, keys and values must agree and not
 * depend on how many tokens are computed at once. A compiler that makes wrong kernels of ours is
 * caught here, before anybody reads or stores what they compute.
 */
final class SelfTest {

  private static final double TOLERANCE = 2e-3;
  private static final int WIDTH = 128;
  private static final int FEED_FORWARD = 160;
  private static final int HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int HEAD_DIM = 32;
  private static final int VOCABULARY = 200;
  private static final int LAYERS = 2;

  /** How many of the greatest logits are asked for. */
  private static final int GREATEST = 3;

  /** Tests that this process has passed. */
  private static final Set<List<Object>> PASSED = ConcurrentHashMap.newKeySet();

  private final Random random = new Random(7);
  private final KvLayout stored;
  private final KvLayout layout;
  private final boolean normsUpdates;
  private final ModelDescription model = model();
  private final Weights weights;

  /**
   * A test of the kernels that a model needs.
   *
   * @param format of contexts' keys and values
   * @param normsUpdates whether the model norms what attention and feed-forward add
   */
  SelfTest(KvFormat format, boolean normsUpdates) {
    this.stored = new KvLayout(LAYERS, KV_HEADS, HEAD_DIM, format);
    this.layout = stored.working();
    this.normsUpdates = normsUpdates;
    this.weights = weights();
  }

  /**
   * Runs the test on a device, once in a process.
   *
   * @param products how the device is to multiply by weights
   * @throws IllegalStateException if the device computes something else
   */
  void require(TornadoDevice device, Products products) {
    List<Object> test = List.of(device.getDeviceName(), products, stored, normsUpdates);
    if (PASSED.contains(test)) {
      return;
    }
    PageSlots slots = new PageSlots(32, stored.format().scaled() ? 32 : 0);
    try (Executor tested = new TornadoExecutor(model, stored, weights, device, products, slots)) {
      require(tested);
    }
    PASSED.add(test);
  }

  /**
   * Runs the test.
   *
   * @param tested an executor of the test's model
   * @throws IllegalStateException if it computes something else than the reference
   */
  void require(Executor tested) {
    try (Executor scalar = reference();
        Outcome expected = new Outcome();
        Outcome actual = new Outcome()) {
      expected.run(scalar);
      actual.run(tested);
      actual.requireSameBitsInSlices();
      actual.requireCloseTo(expected);
      actual.requireGreatestOfWholeRows();
    }
  }

  /** The scalar reference of the test's model. */
  Executor reference() {
    return new CpuExecutor(model, weights, stored, new ScalarKernels());
  }

  /** What an executor makes of the same tokens. */
  private final class Outcome implements AutoCloseable {

    private final List<KvStates> states = new ArrayList<>();
    private final float[] logits = new float[3 * VOCABULARY];
    private final TopLogits top = new TopLogits(3, GREATEST);
    private final HeadShares shares = HeadShares.mean(2);

    /** Computes it; states are freed with this outcome, however far it comes. */
    void run(Executor executor) {
      KvStates prefix = encode(executor, null, 5, 5);
      List<KvStates> contexts =
          List.of(encode(executor, prefix, 37, 37), encode(executor, prefix, 9, 9));
      encode(executor, prefix, 37, 20);
      if (stored.format().scaled()) {
        contexts = List.of(coded(37), coded(9));
      }
      KvStates own = allocate(6);
      Sequence sequence = new Sequence(prefix, contexts, own, 42, 0.8, 1.1);
      executor.step(List.of(new Slice(sequence, 0, tokens(3), null, null)));
      executor.step(List.of(new Slice(sequence, 3, tokens(3), null, top, null)));
      executor.step(List.of(new Slice(sequence, 3, tokens(3), logits, shares)));
    }

    private KvStates encode(Executor executor, @Nullable KvStates prefix, int count, int atOnce) {
      KvStates own = allocate(count);
      Sequence sequence = new Sequence(prefix, List.of(), own, prefix == null ? 0 : 5, 1, 1);
      for (int from = 0; from < count; from += atOnce) {
        int[] some = Arrays.copyOfRange(tokens(count), from, Math.min(count, from + atOnce));
        executor.step(List.of(new Slice(sequence, from, some, null, null)));
      }
      return own;
    }

    /** Random codes, since those of computed states could differ by rounding. */
    private KvStates coded(int tokens) {
      KvStates codes = KvStates.allocate(stored, tokens);
      states.add(codes);
      Random numbers = new Random(tokens);
      float[] both = new float[2 * HEAD_DIM];
      for (int i = 0; i < tokens * LAYERS * KV_HEADS; i++) {
        for (int j = 0; j < both.length; j++) {
          both[j] = (float) numbers.nextGaussian() * 0.5f;
        }
        int head = i % KV_HEADS;
        codes.put(i / KV_HEADS % LAYERS, head, i / KV_HEADS / LAYERS, both, 0, both, HEAD_DIM);
      }
      return codes;
    }

    private KvStates allocate(int tokens) {
      KvStates allocated = KvStates.allocate(layout, tokens);
      states.add(allocated);
      return allocated;
    }

    private static int[] tokens(int n) {
      return IntStream.range(0, n).map(i -> (i * 37 + 11 * n) % VOCABULARY).toArray();
    }

    /** Few rows are multiplied in another way than many, and must have the same bits. */
    void requireSameBitsInSlices() {
      KvStates whole = states.get(1);
      KvStates sliced = states.get(3);
      if (whole.memory().mismatch(sliced.memory()) != -1) {
        throw new IllegalStateException(
            "it failed the self-test: its keys and values depend on what else is computed");
      }
    }

    /** The same rows, of which only the greatest logits were asked for. */
    void requireGreatestOfWholeRows() {
      TopLogits whole = new TopLogits(1, GREATEST);
      for (int row = 0; row < top.rows(); row++) {
        int from = row * VOCABULARY;
        float[] all = Arrays.copyOfRange(logits, from, from + VOCABULARY);
        whole.read(0, all, new LogProbabilities());
        requireClose("greatest logits", top.values(row), whole.values(0));
        for (int rank = 0; rank < GREATEST; rank++) {
          if (top.token(row, rank) != whole.token(0, rank)) {
            throw new IllegalStateException(
                "it failed the self-test: its greatest logits are not those of whole rows");
          }
        }
        if (!(Math.abs(top.logSumExp(row) - whole.logSumExp(0)) <= TOLERANCE)) {
          throw new IllegalStateException(
              "it failed the self-test: its probabilities are not those of whole rows");
        }
      }
    }

    void requireCloseTo(Outcome expected) {
      requireClose("logits", logits, expected.logits);
      requireClose("attention shares", shares.of(0), expected.shares.of(0));
      for (int i = 0; i < states.size(); i++) {
        requireClose("keys and values", numbers(states.get(i)), numbers(expected.states.get(i)));
      }
    }

    private static float[] numbers(KvStates states) {
      float[] page = new float[Pages.size(states.layout())];
      float[] all = new float[PagePool.pages(states.tokens()) * page.length];
      for (int i = 0; i < PagePool.pages(states.tokens()); i++) {
        Pages.read(states, i, page);
        System.arraycopy(page, 0, all, i * page.length, page.length);
      }
      return all;
    }

    private static void requireClose(String what, float[] actual, float[] expected) {
      for (int i = 0; i < expected.length; i++) {
        if (!(Math.abs(actual[i] - expected[i]) <= TOLERANCE)) {
          throw new IllegalStateException(
              "it failed the self-test: of its %s, number %d is %s instead of %s"
                  .formatted(what, i, actual[i], expected[i]));
        }
      }
    }

    @Override
    public void close() {
      states.forEach(KvStates::close);
    }
  }

  private static ModelDescription model() {
    return new ModelDescription(
        "self-test",
        LAYERS,
        WIDTH,
        FEED_FORWARD,
        HEADS,
        KV_HEADS,
        HEAD_DIM,
        VOCABULARY,
        1024,
        1e-5f,
        1,
        1 / Math.sqrt(HEAD_DIM),
        Activation.SILU,
        new RopeDescription(10_000, HEAD_DIM, Pairing.HALVES, Scaling.NONE),
        null);
  }

  private Weights weights() {
    List<Weights.Layer> layers = IntStream.range(0, LAYERS).mapToObj(i -> layer()).toList();
    PackedMatrix embedding = matrix(VOCABULARY, WIDTH, Encoding.CODES_8);
    return new Weights(embedding, layers, new float[0], vector(WIDTH), embedding);
  }

  private Weights.Layer layer() {
    int queries = HEADS * HEAD_DIM;
    int keys = KV_HEADS * HEAD_DIM;
    return new Weights.Layer(
        vector(WIDTH),
        List.of(
            matrix(queries, WIDTH, Encoding.CODES_4),
            matrix(keys, WIDTH, Encoding.CODES_8_MINIMUM),
            matrix(keys, WIDTH, Encoding.F32)),
        vector(queries + 2 * keys),
        vector(HEAD_DIM),
        vector(HEAD_DIM),
        List.of(matrix(WIDTH, queries, Encoding.CODES_8_HALVES)),
        normsUpdates ? vector(WIDTH) : new float[0],
        vector(WIDTH),
        List.of(
            matrix(FEED_FORWARD, WIDTH, Encoding.CODES_4),
            matrix(FEED_FORWARD, WIDTH, Encoding.CODES_8)),
        List.of(matrix(WIDTH, FEED_FORWARD, Encoding.CODES_4)),
        normsUpdates ? vector(WIDTH) : new float[0]);
  }

  private float[] vector(int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = 0.5f + random.nextFloat();
    }
    return numbers;
  }

  /** Random codes; scales such that the numbers are about 0.1. */
  private PackedMatrix matrix(int rows, int columns, Encoding encoding) {
    PackedMatrix shape = new PackedMatrix("random", rows, columns, encoding, MemorySegment.NULL);
    int words = shape.panels() * shape.blocks() * encoding.blockWords() * PackedMatrix.PANEL;
    int group = encoding.groupWords() * PackedMatrix.PANEL;
    int[] data = new int[words];
    for (int i = 0; i < words; i++) {
      int kind = i % group / PackedMatrix.PANEL;
      float scale = 0.3f / (1 << encoding.bits());
      float minimum = -scale * (1 << encoding.bits() - 1);
      if (encoding == Encoding.F32) {
        data[i] = Float.floatToRawIntBits(random.nextFloat() * 0.3f - 0.15f);
      } else if (kind < encoding.scales()) {
        data[i] = Float.floatToRawIntBits(kind == 0 ? scale : minimum);
      } else {
        data[i] = random.nextInt();
      }
    }
    MemorySegment memory = MemorySegment.ofArray(data);
    return new PackedMatrix("random", rows, columns, encoding, memory);
  }
}
