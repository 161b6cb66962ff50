package io.gibbon.runtime.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.Answers;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.chunk.Chunk;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A scheduler over an {@link EchoExecutor}, and that all it held is given back. */
@Timeout(60)
abstract class SchedulerFixture {

  static final KvLayout LAYOUT = new KvLayout(1, 1, 16, KvFormat.F32);
  static final int PREFIX = 3;
  static final int WINDOW = 2048;
  static final int SEQUENCES = 4;
  static final int QUEUE = 2;
  static final long AHEAD = LAYOUT.bytes(64);

  static Tokenizer tokenizer;

  final KvStates prefix = KvStates.allocate(LAYOUT, PREFIX);
  KvCache cache;
  EchoExecutor executor;
  Scheduler scheduler;

  @BeforeAll
  static void readTokenizer(@TempDir Path directory) {
    try (Model model = Model.open(TinyModel.writeDefault(directory))) {
      tokenizer = Tokenizer.from(model.metadata());
    }
  }

  @BeforeEach
  void start() {
    cache = new KvCache(1 << 20);
    executor = new EchoExecutor(tokenizer.endOfGeneration().iterator().next(), tokenizer.size());
    RuntimeConfig config =
        RuntimeConfig.builder(Path.of("none"))
            .maxSequences(SEQUENCES)
            .queueLimit(QUEUE)
            .encodeAheadBytes(AHEAD)
            .build();
    Profile profile = new Profile("echo", "0", LAYOUT, PREFIX, WINDOW, 256);
    scheduler = new Scheduler(() -> {}, executor, profile, tokenizer, prefix, cache, config);
  }

  @AfterEach
  void stop() {
    executor.freely();
    scheduler.close();
    assertThat(executor.allFreed()).as("all states are freed").isTrue();
    assertThat(cache.stats().reservedBytes()).isZero();
    cache.close();
    prefix.close();
  }

  static GenerationTask task(String query, int maxTokens, String... stop) {
    return task(tokenizer.encode(query), maxTokens, List.of(), stop);
  }

  static GenerationTask task(int[] query, int maxTokens) {
    return task(query, maxTokens, List.of());
  }

  static GenerationTask task(int[] query, int maxTokens, List<KvStates> contexts, String... stop) {
    return task(query, maxTokens, contexts, List.of(), stop);
  }

  static GenerationTask task(
      int[] query, int maxTokens, List<KvStates> contexts, List<int[]> lookups, String... stop) {
    return new GenerationTask(
        contexts,
        Combination.APE,
        true,
        query,
        0.8,
        1,
        Sampling.GREEDY,
        maxTokens,
        List.of(stop),
        2,
        true,
        lookups);
  }

  static int[] tokens(int count) {
    return IntStream.range(0, count).map(i -> 60 + i % 26).toArray();
  }

  Answers generate(GenerationTask task) {
    Answers answers = new Answers();
    scheduler.generate(task, answers);
    return answers;
  }

  EncodeJob encode(int... lengths) {
    return scheduler.encode(
        () -> Arrays.stream(lengths).mapToObj(n -> new Chunk(0, "text", tokens(n))).toList());
  }

  /** Polls until the job is done, closing what it returns. */
  static List<Integer> drain(EncodeJob job) {
    List<Integer> lengths = new ArrayList<>();
    await()
        .until(
            () -> {
              for (EncodedContext c = job.poll(); c != null; c = job.poll()) {
                assertThat(c.index()).isEqualTo(lengths.size());
                lengths.add(c.states().tokens());
                c.states().close();
              }
              return job.isDone() || job.failure() != null;
            });
    return lengths;
  }
}
