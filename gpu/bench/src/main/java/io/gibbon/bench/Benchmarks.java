package io.gibbon.bench;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one open model, measured as a user meets them: through the scheduler, with
 * tokenizing and sampling. Nothing else should use the runtime meanwhile.
 */
public final class Benchmarks {

  private static final double ENCODE_GOAL = 120;
  private static final double DECODE_GOAL = 40;
  private static final double FIRST_TOKEN_GOAL = 1.5;

  private static final int ENCODE_TOKENS = 2048;
  private static final int ANSWER_TOKENS = 64;
  private static final int QUESTION_TOKENS = 32;

  /** Random tokens, so that the model does not end its turn. */
  private static final Sampling ANY = new Sampling(2, 0, 1, 0, 0, 0, 1);

  private final ModelRuntime runtime;
  private final BenchOptions options;

  /** Measures a runtime that stays the caller's. */
  public Benchmarks(ModelRuntime runtime, BenchOptions options) {
    this.runtime = runtime;
    this.options = options;
  }

  /** Tokens encoded a second, contexts batched. */
  public List<BenchResult> encode() {
    int documents = Math.max(1, ENCODE_TOKENS / options.contextTokens());
    return List.of(
        measure(
            "encode/" + options.contextTokens(),
            "tokens/s",
            ENCODE_GOAL,
            () -> {
              long start = System.nanoTime();
              List<KvStates> contexts = contexts(documents);
              double seconds = seconds(start);
              int tokens = contexts.stream().mapToInt(KvStates::tokens).sum();
              contexts.forEach(KvStates::close);
              return tokens / seconds;
            }));
  }

  /** Tokens written a second by one answer, over nothing and over many cached tokens. */
  public List<BenchResult> decode() {
    List<BenchResult> results = new ArrayList<>();
    results.add(measure("decode/0", "tokens/s", DECODE_GOAL, () -> decode(List.of())));
    List<KvStates> contexts = cached();
    int tokens = contexts.stream().mapToInt(KvStates::tokens).sum();
    results.add(measure("decode/" + tokens, "tokens/s", null, () -> decode(contexts)));
    contexts.forEach(KvStates::close);
    return results;
  }

  /** Seconds to the first token of a short question over many cached tokens. */
  public List<BenchResult> ttft() {
    List<KvStates> contexts = cached();
    int tokens = contexts.stream().mapToInt(KvStates::tokens).sum();
    BenchResult result =
        measure(
            "ttft/" + tokens,
            "s",
            FIRST_TOKEN_GOAL,
            () -> answer(contexts, 1).firstToken().toNanos() / 1e9);
    contexts.forEach(KvStates::close);
    return List.of(result);
  }

  private BenchResult measure(String name, String unit, @Nullable Double goal, DoubleSupplier run) {
    double[] values = new double[options.warmups() + options.repetitions()];
    Arrays.setAll(values, i -> run.getAsDouble());
    double[] counted = Arrays.copyOfRange(values, options.warmups(), values.length);
    return BenchResult.of(name, unit, goal, counted);
  }

  private double decode(List<KvStates> contexts) {
    GenerationResult result = answer(contexts, ANSWER_TOKENS);
    double seconds = result.total().minus(result.firstToken()).toNanos() / 1e9;
    return (result.completionTokens() - 1) / seconds;
  }

  private GenerationResult answer(List<KvStates> contexts, int tokens) {
    int[] words = runtime.tokenizer().encode(Corpus.document(QUESTION_TOKENS, 0).text());
    GenerationTask task =
        new GenerationTask(
            contexts,
            true,
            Arrays.copyOf(words, QUESTION_TOKENS),
            0.8,
            1,
            ANY,
            tokens,
            List.of(),
            0,
            false);
    CompletableFuture<GenerationResult> result = new CompletableFuture<>();
    runtime.generate(task, new Waiter(result));
    return result.join();
  }

  private record Waiter(CompletableFuture<GenerationResult> result) implements GenerationListener {

    @Override
    public void onToken(GeneratedToken token) {}

    @Override
    public void onEnd(GenerationResult end) {
      result.complete(end);
    }

    @Override
    public void onError(RuntimeException error) {
      result.completeExceptionally(error);
    }
  }

  /** Contexts of about {@code depth} tokens in all. */
  private List<KvStates> cached() {
    return contexts(Math.max(1, options.depth() / options.contextTokens()));
  }

  /** Encodes that many documents, each about one context long. */
  private List<KvStates> contexts(int documents) {
    List<EncodeJob> jobs = new ArrayList<>();
    for (int i = 0; i < documents; i++) {
      DocumentText document = Corpus.document(options.contextTokens() * 3 / 4, i);
      jobs.add(runtime.encode(document));
    }
    List<KvStates> contexts = new ArrayList<>();
    for (EncodeJob job : jobs) {
      collect(job, contexts);
    }
    return contexts;
  }

  private static void collect(EncodeJob job, List<KvStates> contexts) {
    while (!job.isDone()) {
      EncodedContext context = job.poll();
      if (context != null) {
        contexts.add(context.states());
        continue;
      }
      RuntimeException failure = job.failure();
      if (failure != null) {
        contexts.forEach(KvStates::close);
        throw failure;
      }
      LockSupport.parkNanos(200_000);
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
