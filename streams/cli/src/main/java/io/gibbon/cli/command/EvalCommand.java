package io.gibbon.cli.command;

import io.gibbon.bench.eval.EvalOptions;
import io.gibbon.bench.eval.EvalPage;
import io.gibbon.bench.eval.EvalReport;
import io.gibbon.bench.eval.Evaluation;
import io.gibbon.cli.DownloadProgress;
import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.OverloadedException;
import io.gibbon.runtime.calibrate.TooFewDocumentsException;
import io.gibbon.runtime.download.ModelStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures how good answers are. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description =
        "Ask questions with known answers in several modes side by side, with the model in this process.",
    footer = {
      "",
      "DATA holds a JSON object a line: question, answers (any is right), contexts [{title, text,",
      "gold}], and for classification choices, whose log-probabilities are then compared.",
      "What is done is kept and not done again: an evaluation that was cut off goes on.",
      "",
      "  gibbon eval questions.jsonl",
      "  gibbon eval questions.jsonl --limit 60 --json out.json",
      "  gibbon eval questions.jsonl --modes 'ape calibrated,sequential+attention@2'"
    })
final class EvalCommand implements Runnable {

  /** Steps of the calibration's progress bar. */
  private static final int PARTS = 100;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(paramLabel = "DATA", description = "A file of questions over contexts.")
  private Path data = Path.of("");

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Only the first items of the file. Default: all, up to 100,000.")
  private @Nullable Integer limit;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Of random draws: of intervals, and of the questions that calibrate. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = {"-T", "--attention-temperature"},
      paramLabel = "T",
      defaultValue = "0.8",
      description = "APE's attention temperature. Default: ${DEFAULT-VALUE}.")
  private double temperature;

  @Option(
      names = {"-S", "--scaling-factor"},
      paramLabel = "S",
      defaultValue = "1.0",
      description = "APE's scaling factor. Default: ${DEFAULT-VALUE}.")
  private double scalingFactor;

  @Option(
      names = "--keep",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,2",
      description = "How many contexts selections keep. Default: ${DEFAULT-VALUE}.")
  private List<Integer> keep = List.of();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "16",
      description = "The most tokens of an answer. Default: ${DEFAULT-VALUE}.")
  private int maxTokens;

  @Option(
      names = "--modes",
      paramLabel = "NAME",
      split = ",",
      description = "Only these modes beside sequential, as the table names them. Default: all.")
  private List<String> modes = List.of();

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file too.")
  private @Nullable Path json;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Where the plots go. Default: report.html, beside the file of --json.")
  private @Nullable Path report;

  @Option(names = "--fresh", description = "Forget what earlier runs found out.")
  private boolean fresh;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    if (limit != null && limit < 1) {
      throw new UserException("--limit must be at least 1, not " + limit);
    }
    try {
      Path plots = plots();
      // Before a model is fetched and opened: what will not do is told at once.
      requireWritable(plots);
      Evaluation evaluation = evaluation();
      GibbonConfig config = options.read();
      PrintWriter err = spec.commandLine().getErr();
      Path file = new ModelStore().resolve(config.model(), new DownloadProgress(err::println));
      try (ModelRuntime runtime = ModelRuntime.open(config.runtime(file))) {
        print(evaluate(evaluation, runtime), plots);
      }
    } catch (IllegalArgumentException | OverloadedException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new UserException("%s: %s".formatted(data, e.getMessage()), e);
    }
  }

  private Path plots() {
    Path standard = Path.of("report.html");
    return report != null ? report : json != null ? json.resolveSibling(standard) : standard;
  }

  private void requireWritable(Path plots) {
    if (json != null) {
      OutputFile.requireWritable("--json", json);
    }
    OutputFile.requireWritable("--report", plots);
    List<Path> files =
        Stream.of(data, plots, json)
            .filter(Objects::nonNull)
            .map(file -> file.toAbsolutePath().normalize())
            .toList();
    if (Set.copyOf(files).size() < files.size()) {
      throw new UserException("DATA, --report and --json must be different files");
    }
  }

  private Evaluation evaluation() throws IOException {
    return new Evaluation(
        new EvalOptions(temperature, scalingFactor, keep, maxTokens, modes),
        data,
        ModelStore.defaultDirectory(System.getenv()).resolveSibling("eval"),
        limit == null ? Integer.MAX_VALUE : limit);
  }

  private EvalReport evaluate(Evaluation evaluation, ModelRuntime runtime) throws IOException {
    Calibration calibration = calibrate(evaluation, runtime);
    try (ProgressBar bar = Progress.bar(data.getFileName().toString(), evaluation.size())) {
      return evaluation.run(runtime, calibration, fresh, seed, bar::stepTo);
    }
  }

  private @Nullable Calibration calibrate(Evaluation evaluation, ModelRuntime runtime)
      throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    if (!evaluation.needsCalibration()) {
      err.println(
          "gibbon: these modes need no calibration: none is made, and citations are not judged");
      return null;
    }
    err.printf(
        "gibbon: T, S and heads come from the contexts of the first %d items, not from their questions%n",
        evaluation.calibrationSize());
    try (ProgressBar bar = Progress.bar("calibrating", PARTS)) {
      return evaluation.calibrate(
          runtime, fresh, seed, part -> bar.stepTo(Math.round(part * PARTS)));
    } catch (TooFewDocumentsException e) {
      err.println("gibbon: the modes that need calibration are left out: " + e.getMessage());
      return null;
    }
  }

  private void print(EvalReport result, Path plots) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.print(result.table());
    Files.writeString(plots, EvalPage.of(result));
    out.println("plots: " + plots.toAbsolutePath());
    if (json != null) {
      Files.writeString(json, result.json());
    }
    out.flush();
  }
}
