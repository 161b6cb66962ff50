package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.CpuBackend;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.StepRules;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.TensorType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers on a real device that has too little room, or that is lost on the way. */
class DeviceFaultsTest {

  private static final KvLayout LAYOUT = new KvLayout(2, 2, 16, KvFormat.F16);

  /** Pages of 16 tokens: 160 tokens together. */
  private static final int SLOTS = 10;

  private static final int TOKENS = 8;

  private final List<KvStates> opened = new ArrayList<>();
  private Model model;
  private TornadoExecutor device;
  private int stepsOnDevice;
  private int stepsUntilLost = Integer.MAX_VALUE;

  @BeforeEach
  void load(@TempDir Path directory) {
    model = Model.open(TinyModel.writeDefault(directory));
    Device best = Devices.best();
    try (Workers workers = new Workers(2);
        Arena arena = Arena.ofShared()) {
      Weights weights = Weights.pack(model, arena, workers);
      device =
          new TornadoExecutor(
              model.description(),
              LAYOUT,
              weights,
              best.handle(),
              best.products(),
              new PageSlots(SLOTS, 0));
    }
  }

  @AfterEach
  void close() {
    opened.forEach(KvStates::close);
    model.close();
  }

  @Test
  void anAnswerOverMoreThanTheDeviceHoldsComesAllTheSame() {
    try (Executor cpu = cpu();
        Executor executor = new FallbackExecutor(rules(), told(), this::cpu)) {
      assertClose(answer(executor, 200), answer(cpu, 200));
      assertThat(stepsOnDevice).as("the context was encoded on the CPU, too").isZero();
      assertClose(answer(executor, 60), answer(cpu, 60));
      assertThat(stepsOnDevice).isPositive();
    }
  }

  @Test
  void statesMakeRoomForOthers() {
    try (Executor cpu = cpu();
        Executor executor = new FallbackExecutor(rules(), told(), this::cpu)) {
      for (int tokens = 100; tokens < 105; tokens++) {
        assertClose(answer(executor, tokens), answer(cpu, tokens));
      }
      assertThat(stepsOnDevice).isEqualTo(5 * (1 + TOKENS));
      assertThat(device.pages().evictions()).isPositive();
    }
  }

  @Test
  void anAnswerGoesOnWhereTheDeviceWasLost() {
    stepsUntilLost = 4;
    try (Executor cpu = cpu();
        Executor executor = new FallbackExecutor(rules(), told(), this::cpu)) {
      assertClose(answer(executor, 60), answer(cpu, 60));
      assertThat(stepsOnDevice).isEqualTo(4);
    }
  }

  @Test
  void headsThatTheKernelsHaveNoRoomForAreRefused(@TempDir Path directory) {
    TinyModel wide = new TinyModel("llama", 1, 64, 1, 1, 512, 64, 4096, TensorType.F32, 1);
    KvLayout layout = new KvLayout(1, 1, 512, KvFormat.F16);
    try (Model tooWide = Model.open(wide.write(directory.resolve("wide.gguf")))) {
      assertThatThrownBy(() -> Devices.best().load(tooWide, layout, 2))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("at most 256 dimensions, the model's have 512");
    }
  }

  private StepRules rules() {
    return new StepRules(model.description(), LAYOUT);
  }

  private Executor cpu() {
    return new CpuBackend().load(model, LAYOUT, 2);
  }

  /** The device, counting what it has done; what it does when it is lost comes to nothing. */
  private Executor told() {
    return new Executor() {
      @Override
      public void step(List<Slice> slices) {
        device.step(slices);
        stepsOnDevice++;
        if (stepsOnDevice == stepsUntilLost) {
          slices.stream()
              .filter(slice -> slice.logits() != null)
              .forEach(slice -> slice.logits()[0] = Float.NaN);
          throw new IllegalStateException("lost");
        }
      }

      @Override
      public void close() {
        device.close();
      }
    };
  }

  /** Logits of all steps of an answer over a context of so many tokens. */
  private float[] answer(Executor executor, int tokens) {
    int vocabulary = model.description().vocabulary();
    Random random = new Random(tokens);
    KvStates context = allocate(tokens);
    int[] text = random.ints(tokens, 0, vocabulary).toArray();
    Sequence encoding = new Sequence(null, List.of(), context, 0, 1, 1);
    executor.step(List.of(new Slice(encoding, 0, text, null, null)));

    Sequence answer = new Sequence(null, List.of(context), allocate(TOKENS), tokens, 0.8, 1.1);
    float[] all = new float[TOKENS * vocabulary];
    for (int i = 0; i < TOKENS; i++) {
      float[] logits = new float[vocabulary];
      int[] token = {random.nextInt(vocabulary)};
      executor.step(List.of(new Slice(answer, i, token, logits, null)));
      System.arraycopy(logits, 0, all, i * vocabulary, vocabulary);
    }
    return all;
  }

  private KvStates allocate(int tokens) {
    KvStates states = KvStates.allocate(LAYOUT, tokens);
    opened.add(states);
    return states;
  }

  private static void assertClose(float[] actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(5e-4f));
    }
  }
}
