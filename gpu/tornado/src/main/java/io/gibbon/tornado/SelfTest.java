package io.gibbon.tornado;

import io.gibbon.runtime.engine.CpuExecutor;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.ScalarKernels;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.sampling.LogProbabilities;
import io.gibbon.runtime.sampling.TopLogits;
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
  private static final int LAYERS = SelfTestModel.LAYERS;
  private static final int KV_HEADS = SelfTestModel.KV_HEADS;
  private static final int HEAD_DIM = SelfTestModel.HEAD_DIM;
  private static final int VOCABULARY = SelfTestModel.VOCABULARY;

  /** How many of the greatest logits are asked for. */
  private static final int GREATEST = 3;

  /** Tests that this process has passed. */
  private static final Set<List<Object>> PASSED = ConcurrentHashMap.newKeySet();

  private final KvLayout stored;
  private final KvLayout layout;
  private final boolean normsUpdates;
  private final ModelDescription model;
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
    SelfTestModel random = new SelfTestModel(normsUpdates);
    this.model = random.description();
    this.weights = random.weights();
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
}
