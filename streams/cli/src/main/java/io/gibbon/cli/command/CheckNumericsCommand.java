package io.gibbon.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.gibbon.cli.DownloadProgress;
import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.BackendChoice;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.download.ModelStore;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.numerics.NumericsCheck;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares this machine's arithmetic with golden cases. */
@Command(
    name = "check-numerics",
    mixinStandardHelpOptions = true,
    description =
        "Run golden cases on this machine, with float32 KV states, and say how far the results are off.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all cases hold",
      "1:a logit is beyond the tolerance, or a greedy token differs where the best two logits are further apart"
    })
final class CheckNumericsCommand implements Callable<Integer> {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Files of golden cases.")
  private List<Path> files = new ArrayList<>();

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description = "Greatest accepted difference of a logit. Default: ${DEFAULT-VALUE}.")
  private double tolerance = NumericsCheck.DEFAULT_TOLERANCE;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (!(tolerance >= 0)) {
      throw new UserException("--tolerance must be 0 or more, not " + tolerance);
    }
    Map<Path, List<NumericsCheck.Result>> results = run(options.read());
    boolean holds =
        results.values().stream()
            .flatMap(List::stream)
            .allMatch(result -> result.passes(tolerance));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(results, holds));
    } else {
      print(results, out);
    }
    out.flush();
    return holds ? 0 : 1;
  }

  private Map<Path, List<NumericsCheck.Result>> run(GibbonConfig config) throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    Path file = new ModelStore().resolve(config.model(), new DownloadProgress(err::println));
    RuntimeConfig runtime = config.runtime(file);
    Map<Path, List<NumericsCheck.Result>> results = new LinkedHashMap<>();
    try (Model model = Model.open(file)) {
      ModelDescription shape = model.description();
      KvLayout layout =
          new KvLayout(shape.layers(), shape.kvHeads(), shape.headDim(), KvFormat.F32);
      try (Executor executor =
          BackendChoice.of(runtime.backend()).backend().load(model, layout, runtime.threads())) {
        NumericsCheck check = new NumericsCheck(model, executor, layout);
        for (Path golden : files) {
          results.put(golden, run(check, golden));
        }
      }
    }
    return results;
  }

  private List<NumericsCheck.Result> run(NumericsCheck check, Path golden) throws IOException {
    try {
      return check.run(golden, tolerance);
    } catch (NoSuchFileException e) {
      throw new UserException("there is no file " + golden, e);
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  private void print(Map<Path, List<NumericsCheck.Result>> results, PrintWriter out) {
    results.forEach(
        (file, cases) -> {
          out.println(file);
          out.printf("  %-42s %10s  %-10s %10s%n", "case", "logits", "greedy", "shares");
          for (NumericsCheck.Result result : cases) {
            out.printf(
                "%s %-42s %10.2e  %-10s %10.2e%n",
                result.passes(tolerance) ? " " : "!",
                result.name(),
                result.logitDifference(),
                result.greedyAgrees() ? "agrees" : "differs@" + result.firstDisagreement(),
                result.sharesDifference());
          }
        });
    List<NumericsCheck.Result> cases = results.values().stream().flatMap(List::stream).toList();
    long failed = cases.stream().filter(result -> !result.passes(tolerance)).count();
    out.println(
        failed == 0
            ? "All %d cases agree: logits within %.0e, the same greedy tokens."
                .formatted(cases.size(), tolerance)
            : "%d of %d cases differ, marked with !: logits by more than %.0e, or greedy tokens."
                .formatted(failed, cases.size(), tolerance));
  }

  private String json(Map<Path, List<NumericsCheck.Result>> results, boolean holds)
      throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode().put("tolerance", tolerance).put("holds", holds);
    ArrayNode cases = root.putArray("cases");
    results.forEach(
        (file, some) ->
            some.forEach(
                result ->
                    cases
                        .addObject()
                        .put("file", file.toString())
                        .put("name", result.name())
                        .put("logit_difference", result.logitDifference())
                        .put("greedy_agrees", result.greedyAgrees())
                        .put("first_disagreement", result.firstDisagreement())
                        .put("shares_difference", result.sharesDifference())
                        .put("passes", result.passes(tolerance))));
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }
}
