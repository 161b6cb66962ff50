package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.CpuExecutor;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kernel.ScalarKernels;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Steps of random shape, with random cached states, on the device and by the scalar reference:
 * logits, attention shares, new keys and values.
 */
class RandomShapesTest {

  /** How many steps, and how many of them with one model and way to multiply. */
  private static final int SHAPES = Integer.getInteger("gibbon.shapes", 32);

  private static final int STEPS = 8;

  private static final List<Products> WAYS = List.of(Products.values());

  /** Up to so many rows the logits of all of them are compared, else those of the last. */
  private static final int MOST_LOGIT_ROWS = 3 * StepTable.LOGIT_ROWS;

  private static final double TOLERANCE = 5e-4;
  private static final int[] HEAD_DIMS = {64, 96, 128, 256};

  @TempDir Path directory;

  private final Random random = new Random(17);

  @Test
  void agreeWithTheReference() {
    for (int i = 0; i < SHAPES / STEPS; i++) {
      int kvHeads = 1 + random.nextInt(2);
      TinyModel shape =
          new TinyModel(
              "llama",
              1,
              32 * (1 + random.nextInt(5)),
              kvHeads * (1 + random.nextInt(8)),
              kvHeads,
              HEAD_DIMS[i % HEAD_DIMS.length],
              32 * (1 + random.nextInt(6)),
              65_536,
              random.nextBoolean() ? TensorType.Q4_1 : TensorType.Q8_0,
              i);
      try (Model model = Model.open(shape.write(directory.resolve(i + ".gguf")))) {
        KvFormat format = KvFormat.values()[random.nextInt(KvFormat.values().length)];
        compare(shape, model, format, WAYS.get((i + i / HEAD_DIMS.length) % WAYS.size()));
      }
    }
  }

  private void compare(TinyModel shape, Model model, KvFormat format, Products products) {
    KvLayout layout = new KvLayout(1, shape.kvHeads(), shape.headDim(), format);
    try (Executor device = new Device(Devices.best().handle(), products).load(model, layout, 2);
        Executor scalar = new CpuExecutor(model, layout, new ScalarKernels(), 2)) {
      for (int i = 0; i < STEPS; i++) {
        compare(shape, model.description(), layout, device, scalar);
      }
    }
  }

  private void compare(
      TinyModel shape, ModelDescription model, KvLayout layout, Executor device, Executor scalar) {
    int rows = 1 + random.nextInt(random.nextBoolean() ? 8 : 300);
    long left = 100_000_000L / ((long) rows * 2 * shape.heads() * shape.headDim());
    List<KvStates> opened = new ArrayList<>();
    List<KvStates> contexts = new ArrayList<>();
    int most = 1 + random.nextInt(64);
    int longest = 0;
    while (contexts.size() < most && left > 0) {
      int length = (int) Math.min(1 + random.nextInt(700), left);
      contexts.add(states(layout, length, opened));
      longest = Math.max(longest, length);
      left -= length;
    }
    KvStates prefix = states(layout.working(), 1 + random.nextInt(40), opened);
    int[] tokens = random.ints(rows, 0, model.vocabulary()).toArray();
    double temperature = 0.5 + random.nextDouble();
    boolean all = rows <= MOST_LOGIT_ROWS;
    float[][] logits = new float[2][(all ? rows : 1) * model.vocabulary()];
    HeadShares[] shares = new HeadShares[2];
    KvStates[] owns = new KvStates[2];
    for (int i = 0; i < 2; i++) {
      owns[i] = KvStates.allocate(layout.working(), rows);
      opened.add(owns[i]);
      shares[i] = HeadShares.mean(contexts.size());
      Sequence sequence =
          new Sequence(prefix, contexts, owns[i], prefix.tokens() + longest, temperature, 1.1);
      Slice slice = new Slice(sequence, 0, tokens, logits[i], shares[i]);
      (i == 0 ? device : scalar).step(List.of(slice));
    }
    String what = "%s, %s, %d rows, %d contexts".formatted(shape, layout, rows, contexts.size());
    assertClose(what, logits[0], logits[1]);
    assertClose(what, shares[0].of(0), shares[1].of(0));
    for (int page = 0; page < PagePool.pages(rows); page++) {
      assertClose(what, page(owns[0], page), page(owns[1], page));
    }
    opened.forEach(KvStates::close);
  }

  private static float[] page(KvStates states, int page) {
    float[] numbers = new float[Pages.size(states.layout())];
    Pages.read(states, page, numbers);
    return numbers;
  }

  private KvStates states(KvLayout layout, int tokens, List<KvStates> opened) {
    KvStates states = KvStates.allocate(layout, tokens);
    opened.add(states);
    float[] both = new float[2 * layout.headDim()];
    for (int token = 0; token < tokens; token++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        for (int i = 0; i < both.length; i++) {
          both[i] = (float) random.nextGaussian() * 0.5f;
        }
        states.put(0, head, token, both, 0, both, layout.headDim());
      }
    }
    return states;
  }

  /** Keys and values may fall to either side where the device rounds them to binary16. */
  private static void assertClose(String what, float[] actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      double tolerance = Math.max(TOLERANCE, Math.abs(expected[i]) * 0x1p-10);
      assertThat(actual[i]).as(what).isCloseTo(expected[i], within((float) tolerance));
    }
  }
}
