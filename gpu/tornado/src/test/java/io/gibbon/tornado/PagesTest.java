package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What pages hold is what the host's states hold, also when they are taken to the device again. */
class PagesTest {

  private static final int SLOT = HeadKernels.SLOT;

  /** Pages of each kind: 160 tokens. */
  private static final int SLOTS = 10;

  private static final int ROWS = 12;

  private final List<KvStates> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(KvStates::close);
  }

  @Test
  void codesTimesScalesAreTheNumbers() {
    KvLayout layout = layout(KvFormat.I8);
    KvStates states = random(layout, 37);
    float[] numbers = new float[Pages.size(layout)];
    byte[] codes = new byte[numbers.length];
    float[] scales = new float[Pages.scales(layout)];
    int block = SLOT * layout.headDim();
    for (int page = 0; page < 3; page++) {
      Pages.read(states, page, numbers);
      Pages.readCodes(states, page, codes, scales);
      int tokens = Math.min(SLOT, 37 - page * SLOT);
      for (int i = 0; i < numbers.length; i++) {
        boolean value = i / block % 2 == 1;
        int token = value ? i % block / layout.headDim() : i % SLOT;
        if (token < tokens) {
          assertThat(codes[i] * scales[i / block * SLOT + token]).isEqualTo(numbers[i]);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(KvFormat.class)
  void anAnswerHasTheSameBitsWhetherItsPagesStayOrMakeRoom(KvFormat format, @TempDir Path dir) {
    KvLayout layout = layout(format);
    try (Model model = Model.open(TinyModel.writeDefault(dir));
        TornadoExecutor device = load(model, layout)) {
      KvStates context = random(layout, 60);
      KvStates[] own = {allocate(layout.working(), ROWS), allocate(layout.working(), ROWS)};
      float[] stayed = answer(device, model, context, own[0], () -> {});
      long loads = loads(device);
      KvStates other = random(layout, (SLOTS - 1) * SLOT);
      KvStates crowd = allocate(layout.working(), SLOTS * SLOT);
      Runnable crowded =
          () -> {
            step(device, other, allocate(layout.working(), 1), 0, null);
            step(device, null, crowd, crowd.tokens() - 1, null);
          };
      float[] returned = answer(device, model, context, own[1], crowded);
      assertThat(returned).isEqualTo(stayed);
      assertThat(own[1].memory().mismatch(own[0].memory())).isEqualTo(-1);
      assertThat(loads(device) - loads).isGreaterThan(ROWS * (60 / SLOT));
    }
  }

  private static KvLayout layout(KvFormat format) {
    return new KvLayout(2, 2, 16, format);
  }

  private static long loads(TornadoExecutor device) {
    return device.pages().loads() + device.codePages().loads();
  }

  private static TornadoExecutor load(Model model, KvLayout layout) {
    Device best = Devices.best();
    PageSlots slots = new PageSlots(SLOTS, layout.format().scaled() ? SLOTS : 0);
    try (Workers workers = new Workers(2);
        Arena arena = Arena.ofShared()) {
      Weights weights = Weights.pack(model, arena, workers);
      return new TornadoExecutor(
          model.description(), layout, weights, best.handle(), best.products(), slots);
    }
  }

  /** Logits of each row of an answer, with something in between. */
  private static float[] answer(
      TornadoExecutor device, Model model, KvStates context, KvStates own, Runnable between) {
    int vocabulary = model.description().vocabulary();
    float[] all = new float[ROWS * vocabulary];
    for (int row = 0; row < ROWS; row++) {
      float[] logits = new float[vocabulary];
      step(device, context, own, row, logits);
      System.arraycopy(logits, 0, all, row * vocabulary, vocabulary);
      between.run();
    }
    return all;
  }

  private static void step(
      TornadoExecutor device,
      @Nullable KvStates context,
      KvStates own,
      int row,
      float @Nullable [] logits) {
    List<KvStates> contexts = context == null ? List.of() : List.of(context);
    Sequence sequence = new Sequence(null, contexts, own, 200, 0.8, 1.1);
    device.step(List.of(new Slice(sequence, row, new int[] {40 + row}, logits, null)));
  }

  private KvStates allocate(KvLayout layout, int tokens) {
    KvStates states = KvStates.allocate(layout, tokens);
    opened.add(states);
    return states;
  }

  private KvStates random(KvLayout layout, int tokens) {
    KvStates states = allocate(layout, tokens);
    Random random = new Random(tokens);
    float[] both = new float[2 * layout.headDim()];
    for (int i = 0; i < tokens * layout.layers() * layout.kvHeads(); i++) {
      for (int j = 0; j < both.length; j++) {
        both[j] = (float) random.nextGaussian();
      }
      int block = i / tokens;
      states.put(
          block / layout.kvHeads(),
          block % layout.kvHeads(),
          i % tokens,
          both,
          0,
          both,
          layout.headDim());
    }
    return states;
  }
}
