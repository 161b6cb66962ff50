package io.gibbon.cli.command;

import io.gibbon.cli.DownloadProgress;
import io.gibbon.runtime.download.ModelStore;
import io.gibbon.runtime.model.InvalidModelException;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Models on this machine. */
@Command(
    name = "models",
    mixinStandardHelpOptions = true,
    description = "List the models that were downloaded, or get another.",
    subcommands = {ModelsCommand.ListModels.class, ModelsCommand.Pull.class})
final class ModelsCommand implements Runnable {

  @Mixin private LogOptions log = new LogOptions();

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    log.apply();
    list(spec.commandLine().getOut());
  }

  private static void list(PrintWriter out) {
    ModelStore store = new ModelStore();
    List<Path> files = store.list();
    if (files.isEmpty()) {
      out.printf(
          "No models in %s yet. `gibbon models pull` gets the default one.%n", store.directory());
    }
    for (Path file : files) {
      out.println(describe(file));
    }
    out.flush();
  }

  private static String describe(Path file) {
    try (Model model = Model.open(file)) {
      ModelDescription description = model.description();
      return "%s  %s, %d layers, window %,d, %,d MB"
          .formatted(
              file,
              model.name(),
              description.layers(),
              description.window(),
              Files.size(file) >> 20);
    } catch (InvalidModelException | IOException e) {
      return "%s  cannot be used: %s".formatted(file, e.getMessage());
    }
  }

  /** Lists. */
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "List the models that were downloaded.")
  static final class ListModels implements Runnable {

    @Mixin private LogOptions log = new LogOptions();

    @Spec private CommandSpec spec;

    @Override
    public void run() {
      log.apply();
      list(spec.commandLine().getOut());
    }
  }

  /** Downloads. */
  @Command(
      name = "pull",
      mixinStandardHelpOptions = true,
      description =
          "Get a model, unless it is here already. An interrupted download goes on where it stopped.",
      footer = {
        "",
        "  gibbon models pull",
        "  gibbon models pull hf:owner/repository/file.gguf",
        "",
        "Downloads go to $XDG_CACHE_HOME/gibbon/models or ~/.cache/gibbon/models."
      })
  static final class Pull implements Runnable {

    @Mixin private LogOptions log = new LogOptions();

    @Parameters(
        arity = "0..1",
        paramLabel = "MODEL",
        defaultValue = "default",
        description = "default or hf:owner/repository/file.gguf. Default: ${DEFAULT-VALUE}.")
    private String model = "default";

    @Spec private CommandSpec spec;

    @Override
    public void run() {
      log.apply();
      PrintWriter err = spec.commandLine().getErr();
      Path file =
          new ModelStore()
              .resolve(
                  model,
                  new DownloadProgress(
                      message -> {
                        err.println("gibbon: " + message);
                        err.flush();
                      }));
      PrintWriter out = spec.commandLine().getOut();
      out.println(file);
      out.flush();
    }
  }
}
