package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.TensorType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * So many contexts encoded and so many answers over them in one process ({@code
 * -Dgibbon.soak=2000}) leave memory as it was after the first tenth. On PoCL the device's memory is
 * the process's own.
 */
@EnabledIfSystemProperty(
    named = "gibbon.soak",
    matches = "[0-9]+",
    disabledReason = "takes minutes")
class SoakTest {

  private static final int TOTAL = Integer.getInteger("gibbon.soak", 2_000);
  private static final int ROUND = 8;
  private static final int KEPT = 48;
  private static final KvLayout LAYOUT = new KvLayout(2, 2, 64, KvFormat.I8);

  /** Fewer than the contexts that are kept need, so that some make room for others. */
  private static final PageSlots SLOTS = new PageSlots(256, 512);

  private static final long MIB = 1 << 20;

  private final Random random = new Random(11);
  private final Deque<KvStates> contexts = new ArrayDeque<>();

  @Test
  void memoryStaysFlat(@TempDir Path directory) throws IOException {
    try (Model model = open(directory);
        TornadoExecutor executor = load(model)) {
      List<Usage> usages = new ArrayList<>();
      for (int done = ROUND; done <= TOTAL; done += ROUND) {
        round(executor, model.description().vocabulary());
        if (done * 10 / TOTAL > (done - ROUND) * 10 / TOTAL) {
          usages.add(Usage.now());
          System.out.printf(
              "%,d contexts and as many answers: %s, %s, %s%n",
              done, usages.getLast(), executor.pages(), executor.codePages());
        }
      }
      contexts.forEach(KvStates::close);
      usages.getLast().requireFlatSince(usages.getFirst());
      assertThat(executor.pages().evictions()).isPositive();
      assertThat(executor.codePages().evictions()).isPositive();
    }
  }

  private static Model open(Path directory) {
    TinyModel shape = new TinyModel("llama", 2, 128, 8, 2, 64, 256, 4096, TensorType.Q4_1, 3);
    return Model.open(shape.write(directory.resolve("soak.gguf")));
  }

  private static TornadoExecutor load(Model model) {
    Device device = Devices.best();
    try (Workers workers = new Workers(2);
        Arena arena = Arena.ofShared()) {
      Weights weights = Weights.pack(model, arena, workers);
      return new TornadoExecutor(
          model.description(), LAYOUT, weights, device.handle(), device.products(), SLOTS);
    }
  }

  /** Encodes some contexts while answers over earlier ones begin, then ends the answers. */
  private void round(TornadoExecutor executor, int vocabulary) {
    List<KvStates> encoded = new ArrayList<>();
    List<Slice> step = new ArrayList<>();
    for (int i = 0; i < ROUND; i++) {
      int[] tokens = random.ints(1 + random.nextInt(400), 0, vocabulary).toArray();
      KvStates own = KvStates.allocate(LAYOUT.working(), tokens.length);
      encoded.add(own);
      step.add(new Slice(new Sequence(null, List.of(), own, 0, 1, 1), 0, tokens, null, null));
    }
    List<Slice> answers = Stream.generate(() -> question(vocabulary)).limit(ROUND).toList();
    step.addAll(answers);
    executor.step(step);
    List<Slice> running = answers;
    while (!running.isEmpty()) {
      running = running.stream().filter(SoakTest::goesOn).map(SoakTest::next).toList();
      if (!running.isEmpty()) {
        executor.step(running);
      }
    }
    answers.forEach(answer -> answer.sequence().own().close());
    for (KvStates states : encoded) {
      contexts.add(states.in(LAYOUT));
      states.close();
    }
    while (contexts.size() > KEPT) {
      contexts.remove().close();
    }
  }

  private Slice question(int vocabulary) {
    List<KvStates> some =
        contexts.stream().filter(context -> random.nextInt(8) == 0).limit(6).toList();
    int[] tokens = random.ints(1 + random.nextInt(24), 0, vocabulary).toArray();
    int start = some.stream().mapToInt(KvStates::tokens).max().orElse(0);
    KvStates own = KvStates.allocate(LAYOUT.working(), tokens.length + random.nextInt(12));
    HeadShares shares = some.isEmpty() ? null : HeadShares.mean(some.size());
    Sequence sequence = new Sequence(null, some, own, start, 0.8, 1.1);
    return new Slice(sequence, 0, tokens, new float[vocabulary], shares);
  }

  private static boolean goesOn(Slice slice) {
    return slice.first() + slice.tokens().length < slice.sequence().own().tokens();
  }

  /** The most probable token. */
  private static Slice next(Slice slice) {
    int best = 0;
    for (int i = 1; i < slice.logits().length; i++) {
      best = slice.logits()[i] > slice.logits()[best] ? i : best;
    }
    int first = slice.first() + slice.tokens().length;
    return new Slice(slice.sequence(), first, new int[] {best}, slice.logits(), slice.shares());
  }

  /**
   * What is in use.
   *
   * @param heap bytes after a collection
   * @param resident bytes of the process, off the heap too
   */
  private record Usage(long heap, long resident) {

    static Usage now() throws IOException {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      return new Usage(runtime.totalMemory() - runtime.freeMemory(), residentBytes());
    }

    private static long residentBytes() throws IOException {
      try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
        String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }

    void requireFlatSince(Usage before) {
      assertThat(heap).isLessThan(before.heap + 8 * MIB);
      assertThat(resident).isLessThan(before.resident + 64 * MIB);
    }

    @Override
    public String toString() {
      return "heap %.1f MiB, resident %.1f MiB"
          .formatted((double) heap / MIB, (double) resident / MIB);
    }
  }
}
