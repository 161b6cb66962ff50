package io.gibbon.bench;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The figures of one open model, measured as a user meets them: through the scheduler, with
 * tokenizing and sampling. Nothing else should use the runtime meanwhile.
 */
public final class Benchmarks implements AutoCloseable {

  private static final double ENCODE_GOAL = 120;
  private static final double DECODE_GOAL = 40;
  private static final double FIRST_TOKEN_GOAL = 1.5;

  private static final int ENCODE_TOKENS = 2048;
  private static final int ANSWER_TOKENS = 64;

  private static final int CANDIDATES = 32;
  private static final int CANDIDATE_TOKENS = 150;

  /** Choosing costs less than encoding so many of the candidates. */
  private static final int FEW = 2;

  private final Workload workload;
  private final Workload candidates;
  private final BenchOptions options;
  private final Measurement measurement;

  /**
   * Measures a runtime that stays the caller's.
   *
   * @param threads threads that the runtime computes with
   * @param progress told of every row when it begins
   */
  public Benchmarks(
      ModelRuntime runtime, BenchOptions options, int threads, Consumer<String> progress) {
    this.workload = new Workload(runtime, options.contextTokens());
    this.candidates = new Workload(runtime, CANDIDATE_TOKENS);
    this.options = options;
    this.measurement = new Measurement(options, progress, threads);
  }

  /** Tokens encoded a second, contexts batched. */
  public List<BenchResult> encode() {
    return List.of(
        measurement.row(
            "encode/" + options.contextTokens(),
            "tokens/s",
            ENCODE_GOAL,
            () -> workload.encode(ENCODE_TOKENS)));
  }

  /** Tokens written a second by one answer, over nothing and over many cached tokens. */
  public List<BenchResult> decode() {
    List<BenchResult> results = new ArrayList<>();
    results.add(
        measurement.row(
            "decode/0", "tokens/s", DECODE_GOAL, () -> workload.decode(List.of(), ANSWER_TOKENS)));
    List<KvStates> contexts = workload.contexts(options.depth());
    results.add(
        measurement.row(
            "decode/" + Workload.tokens(contexts),
            "tokens/s",
            null,
            () -> workload.decode(contexts, ANSWER_TOKENS)));
    contexts.forEach(KvStates::close);
    return results;
  }

  /** Seconds to the first token of a short question over many cached tokens. */
  public List<BenchResult> ttft() {
    List<KvStates> contexts = workload.contexts(options.depth());
    BenchResult result =
        measurement.row(
            "ttft/" + Workload.tokens(contexts),
            "s",
            FIRST_TOKEN_GOAL,
            () -> workload.answer(contexts, 1).firstToken().toNanos() / 1e9);
    contexts.forEach(KvStates::close);
    return List.of(result);
  }

  /** Seconds to choose among many cached contexts, beside those to encode two of them. */
  public List<BenchResult> selection() {
    List<KvStates> contexts = candidates.encoded(CANDIDATES);
    List<Double> few = new ArrayList<>();
    BenchResult chosen =
        measurement.row(
            "selection/" + CANDIDATES,
            "s",
            null,
            () -> {
              // In turns: what else the machine does slows both.
              few.add(candidates.encodingSeconds(FEW));
              return candidates.selectionSeconds(contexts);
            });
    contexts.forEach(KvStates::close);
    double[] counted =
        few.stream()
            .skip(few.size() - options.repetitions())
            .mapToDouble(Double::doubleValue)
            .toArray();
    double two = BenchResult.of("encode", "s", null, counted).value();
    return List.of(chosen.below("encoding two of them", two, 1.0));
  }

  /** What the machine gave while these figures were measured. */
  public List<BenchResult> machine() {
    return measurement.machine();
  }

  /** Frees what the machine's ceilings were measured with. */
  @Override
  public void close() {
    measurement.close();
  }
}
