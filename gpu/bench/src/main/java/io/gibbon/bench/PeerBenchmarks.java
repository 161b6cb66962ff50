package io.gibbon.bench;

import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Figures of one open model beside those of llama.cpp on the same file, the same cores and as many
 * threads: what a person who would otherwise run llama.cpp gains. Nothing else should use the
 * runtime meanwhile.
 *
 * <p>What llama.cpp has to read again for every question, contexts that changed or come in another
 * order, is a prefill for it; what it finds in its prefix cache is a prefill of the question behind
 * as many cached tokens.
 */
public final class PeerBenchmarks implements AutoCloseable {

  private static final int PROMPT = 512;
  private static final int QUESTION_TOKENS = 32;
  private static final int ENCODE_TOKENS = 2048;
  private static final int ANSWER_TOKENS = 64;
  private static final int LONG_ANSWER_TOKENS = 256;
  private static final int DEEP = 8192;
  private static final int LONG_PROMPT = 16_384;
  private static final int VERY_DEEP = 131_072;
  private static final int TOGETHER = 16;

  private final Workload workload;
  private final BenchOptions options;
  private final Measurement measurement;
  private final LlamaBench peer;
  private final @Nullable LlamaBench other;

  /**
   * Measures a runtime that stays the caller's.
   *
   * @param threads threads that the runtime and its peer compute with
   * @param progress told of every row when it begins
   * @param peer llama.cpp on the same file
   * @param other llama.cpp on another file of the same weights, or null
   */
  public PeerBenchmarks(
      ModelRuntime runtime,
      BenchOptions options,
      int threads,
      Consumer<String> progress,
      LlamaBench peer,
      @Nullable LlamaBench other) {
    this.workload = new Workload(runtime, options.contextTokens());
    this.options = options;
    this.measurement = new Measurement(options, progress, threads);
    this.peer = peer;
    this.other = other;
  }

  /** The rows that are measured within a minute or two once the peer's figures are kept. */
  public List<BenchResult> quick() {
    List<BenchResult> results = new ArrayList<>(encode());
    List<KvStates> contexts = workload.contexts(options.depth());
    results.addAll(firstToken(contexts, null, null));
    results.add(decode(contexts, options.depth(), decodeGoal(options.depth())));
    contexts.forEach(KvStates::close);
    results.addAll(measurement.machine());
    return results;
  }

  /** All rows. */
  public List<BenchResult> all() {
    List<BenchResult> results = new ArrayList<>(encode());
    results.add(decode(List.of(), 0, decodeGoal(0)));
    List<KvStates> few = workload.contexts(PROMPT);
    results.add(together(few, 3.0));
    few.forEach(KvStates::close);
    List<KvStates> some = workload.contexts(2048);
    results.add(decode(some, 2048, decodeGoal(2048)));
    some.forEach(KvStates::close);
    List<KvStates> deep = workload.contexts(DEEP);
    results.addAll(firstToken(deep, 300.0, 6.0));
    results.add(decode(deep, DEEP, decodeGoal(DEEP)));
    results.add(answer(deep));
    results.add(together(deep, 2.5));
    deep.forEach(KvStates::close);
    results.add(veryDeep());
    results.addAll(measurement.machine());
    return results;
  }

  private static @Nullable Double decodeGoal(int depth) {
    return switch (depth) {
      case 0 -> 1.0;
      case 2048 -> 2.0;
      case DEEP -> 4.0;
      default -> null;
    };
  }

  private List<BenchResult> encode() {
    BenchResult ours =
        measurement.row(
            "encode/" + options.contextTokens(),
            "tokens/s",
            null,
            () -> workload.encode(ENCODE_TOKENS));
    List<BenchResult> results = new ArrayList<>();
    results.add(ours.against("llama.cpp, prefill of 512", peer.prefill(PROMPT, 0), 3.0));
    if (other != null) {
      results.add(
          ours.against("llama.cpp, other file, prefill of 512", other.prefill(PROMPT, 0), 1.8));
    }
    return results;
  }

  private List<BenchResult> firstToken(
      List<KvStates> contexts, @Nullable Double prefillGoal, @Nullable Double hitGoal) {
    int tokens = Workload.tokens(contexts);
    BenchResult ours = firstToken(contexts);
    return List.of(
        ours.below("llama.cpp, prefill", (tokens + QUESTION_TOKENS) / prefill(tokens), prefillGoal),
        ours.below(
            "llama.cpp, hit in its prefix cache",
            QUESTION_TOKENS / peer.prefill(QUESTION_TOKENS, round(tokens)),
            hitGoal));
  }

  private BenchResult firstToken(List<KvStates> contexts) {
    return measurement.row(
        "ttft/" + Workload.tokens(contexts),
        "s",
        null,
        () -> workload.answer(contexts, 1).firstToken().toNanos() / 1e9);
  }

  private BenchResult veryDeep() {
    measurement.tell("encoding %,d tokens".formatted(VERY_DEEP));
    List<KvStates> contexts = workload.contexts(VERY_DEEP);
    BenchResult ours = firstToken(contexts);
    contexts.forEach(KvStates::close);
    return ours.below(
        "llama.cpp, prefill of 16,384", LONG_PROMPT / peer.prefill(LONG_PROMPT, 0), 100.0);
  }

  private BenchResult decode(List<KvStates> contexts, int depth, @Nullable Double goal) {
    return measurement
        .row(
            "decode/" + Workload.tokens(contexts),
            "tokens/s",
            null,
            () -> workload.decode(contexts, ANSWER_TOKENS))
        .against("llama.cpp", peer.decode(depth), goal);
  }

  private BenchResult answer(List<KvStates> contexts) {
    int tokens = Workload.tokens(contexts);
    double theirs =
        (tokens + QUESTION_TOKENS) / prefill(tokens)
            + LONG_ANSWER_TOKENS / peer.decode(round(tokens));
    return measurement
        .row(
            "answer/" + tokens,
            "s",
            null,
            () -> {
              GenerationResult result = workload.answer(contexts, LONG_ANSWER_TOKENS);
              return result.total().toNanos() / 1e9;
            })
        .below("llama.cpp, prefill and decode", theirs, 20.0);
  }

  private BenchResult together(List<KvStates> contexts, double goal) {
    String name = TOGETHER + " at once/" + Workload.tokens(contexts);
    BenchResult one =
        measurement.row(
            name, "tokens/s", null, () -> workload.together(contexts, 1, ANSWER_TOKENS));
    return measurement
        .row(name, "tokens/s", null, () -> workload.together(contexts, TOGETHER, ANSWER_TOKENS))
        .against("one request", one.value(), goal);
  }

  /** The peer's prefill rate at the nearest depth that is measured. */
  private double prefill(int tokens) {
    return peer.prefill(round(tokens), 0);
  }

  /** Depths are measured at powers of two, so that they are found again. */
  private static int round(int tokens) {
    return 1 << Math.round(Math.log(tokens) / Math.log(2));
  }

  /** Frees what the machine's ceilings were measured with. */
  @Override
  public void close() {
    measurement.close();
  }
}
