package io.gibbon.cli.command;

import io.gibbon.bench.BenchHistory;
import io.gibbon.bench.BenchOptions;
import io.gibbon.bench.BenchReport;
import io.gibbon.bench.BenchResult;
import io.gibbon.bench.Benchmarks;
import io.gibbon.bench.Ceilings;
import io.gibbon.bench.KvFidelity;
import io.gibbon.bench.LlamaBench;
import io.gibbon.bench.PeerBenchmarks;
import io.gibbon.cli.DownloadProgress;
import io.gibbon.cli.bench.FreshnessBench;
import io.gibbon.cli.bench.StartBench;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.download.ModelStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Measure this machine: tokens encoded and written a second, time to the first token and to"
            + " choose contexts, freshness, start.",
    footer = {
      "",
      "Nothing else should run meanwhile. freshness starts a broker and a server of its",
      "own in a temporary directory. start does so too, with the server in a process of",
      "its own: time until it listens, time until its first token, its peak memory.",
      "",
      "  gibbon bench",
      "  gibbon bench encode decode --quick",
      "  gibbon bench ttft --depth 8192 --json",
      "  gibbon bench start",
      "  gibbon bench --peer llama.cpp/build/bin/llama-bench --json out.json",
      "",
      "--peer measures encode, decode and ttft beside llama.cpp; without --quick, also",
      "start and the bytes of a cached number. llama.cpp's figures are kept: the first",
      "run takes about half an hour.",
      "",
      "Every run is added to history.jsonl beside them, and told where it is worse than",
      "the one before by more than they vary."
    })
final class BenchCommand implements Callable<Integer> {

  /** What can be measured. */
  enum Figure {
    ENCODE,
    DECODE,
    TTFT,
    SELECTION,
    FRESHNESS,
    START
  }

  /** Questions that a format of KV states is measured on. */
  private static final int QUESTIONS = 20;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "FIGURE",
      description = "encode, decode, ttft, selection, freshness or start. Default: all.")
  private List<Figure> figures = new ArrayList<>();

  @Option(names = "--quick", description = "Fewer rows, fewer cached tokens.")
  private boolean quick;

  @Option(
      names = "--depth",
      paramLabel = "TOKENS",
      defaultValue = "0",
      description = "Cached tokens of the deepest row. Default: 4096, with --quick 2048.")
  private int depth;

  @Option(
      names = "--json",
      arity = "0..1",
      paramLabel = "FILE",
      fallbackValue = "-",
      description = "Print JSON, or write it to a file.")
  private @Nullable Path json;

  @Option(
      names = "--peer",
      paramLabel = "LLAMA-BENCH",
      description =
          "llama.cpp's llama-bench: measure beside it, on the same file and as many threads.")
  private @Nullable Path peer;

  @Option(
      names = "--peer-model",
      paramLabel = "GGUF",
      description = "Another file of the same weights, such as Q8_0, for the peer to encode too.")
  private @Nullable Path peerModel;

  @Option(
      names = "--questions",
      paramLabel = "FILE",
      description =
          "Questions over contexts, a JSON object a line: say how far the format of KV states is"
              + " from float32 on the first 20.")
  private @Nullable Path questions;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (json != null && !json.toString().equals("-")) {
      OutputFile.requireWritable("--json", json);
    }
    GibbonConfig config = options.read();
    PrintWriter err = spec.commandLine().getErr();
    Path file = new ModelStore().resolve(config.model(), new DownloadProgress(err::println));
    Set<Figure> wanted = figures.isEmpty() ? EnumSet.allOf(Figure.class) : EnumSet.copyOf(figures);
    BenchReport report = measure(config, config.runtime(file), wanted);
    print(report);
    remember(report);
    return 0;
  }

  private void remember(BenchReport report) throws IOException {
    BenchHistory history = new BenchHistory(kept("history.jsonl"));
    PrintWriter err = spec.commandLine().getErr();
    err.print(history.falls(report));
    err.flush();
    history.add(report, Instant.now());
  }

  /** A file that outlives the run. */
  private static Path kept(String name) {
    return ModelStore.defaultDirectory(System.getenv()).resolveSibling("bench").resolve(name);
  }

  private void print(BenchReport report) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json == null) {
      out.println(report.table());
    } else if (json.toString().equals("-")) {
      out.println(report.json());
    } else {
      Files.writeString(json, report.json());
      out.println(report.table());
    }
    out.flush();
  }

  private BenchReport measure(GibbonConfig config, RuntimeConfig runtimeConfig, Set<Figure> wanted)
      throws IOException {
    Ceilings machine = Ceilings.measure(runtimeConfig.threads());
    List<BenchResult> results = new ArrayList<>();
    Profile profile;
    String backend;
    try (ModelRuntime runtime = ModelRuntime.open(runtimeConfig)) {
      profile = runtime.profile();
      backend = runtime.backendName();
      results.addAll(
          peer == null
              ? alone(runtime, runtimeConfig, wanted)
              : besidePeer(runtime, runtimeConfig, peer, machine));
    }
    boolean everythingBesidePeer = peer != null && !quick;
    if (questions != null || everythingBesidePeer) {
      results.addAll(format(runtimeConfig));
    }
    if (peer == null && wanted.contains(Figure.FRESHNESS)) {
      tell("freshness ...");
      results.addAll(FreshnessBench.run(config, quick ? 20 : 100));
    }
    if (peer == null ? wanted.contains(Figure.START) : everythingBesidePeer) {
      tell("start ...");
      results.addAll(StartBench.run(config, profile, runtimeConfig.model(), this::tell));
    }
    return new BenchReport(profile.model(), backend, settings(profile), machine, results);
  }

  private String settings(Profile profile) {
    BenchOptions bench = benchOptions();
    return "KV states in %s, contexts of %d tokens, %d repetitions"
        .formatted(
            profile.layout().format().name().toLowerCase(Locale.ROOT),
            bench.contextTokens(),
            bench.repetitions());
  }

  /** What the format of KV states takes, and with questions what it costs in answers. */
  private List<BenchResult> format(RuntimeConfig config) throws IOException {
    List<BenchResult> results = new ArrayList<>();
    try (KvFidelity fidelity = new KvFidelity(config)) {
      results.add(fidelity.bytes());
      if (questions != null) {
        results.addAll(fidelity.measure(questions, QUESTIONS));
      }
    }
    return results;
  }

  private List<BenchResult> alone(ModelRuntime runtime, RuntimeConfig config, Set<Figure> wanted) {
    List<BenchResult> results = new ArrayList<>();
    try (Benchmarks benchmarks =
        new Benchmarks(runtime, benchOptions(), config.threads(), this::tell)) {
      if (wanted.contains(Figure.ENCODE)) {
        results.addAll(benchmarks.encode());
      }
      if (wanted.contains(Figure.DECODE)) {
        results.addAll(benchmarks.decode());
      }
      if (wanted.contains(Figure.TTFT)) {
        results.addAll(benchmarks.ttft());
      }
      if (wanted.contains(Figure.SELECTION)) {
        results.addAll(benchmarks.selection());
      }
      if (!results.isEmpty()) {
        results.addAll(benchmarks.machine());
      }
    }
    return results;
  }

  private List<BenchResult> besidePeer(
      ModelRuntime runtime, RuntimeConfig config, Path binary, Ceilings machine)
      throws IOException {
    LlamaBench same = llamaBench(binary, config.model(), config, machine);
    LlamaBench other = peerModel == null ? null : llamaBench(binary, peerModel, config, machine);
    try (PeerBenchmarks benchmarks =
        new PeerBenchmarks(runtime, benchOptions(), config.threads(), this::tell, same, other)) {
      return quick ? benchmarks.quick() : benchmarks.all();
    }
  }

  private LlamaBench llamaBench(Path binary, Path model, RuntimeConfig config, Ceilings machine)
      throws IOException {
    return new LlamaBench(
        binary, model, config.threads(), machine.cpu(), kept("peers.json"), this::tell);
  }

  private void tell(String what) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(what);
    err.flush();
  }

  private BenchOptions benchOptions() {
    BenchOptions standard = quick ? BenchOptions.QUICK : BenchOptions.DEFAULT;
    return depth == 0
        ? standard
        : new BenchOptions(
            standard.warmups(), standard.repetitions(), depth, standard.contextTokens());
  }
}
