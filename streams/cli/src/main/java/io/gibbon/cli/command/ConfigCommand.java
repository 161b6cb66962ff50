package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.cli.config.NearestName;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints every setting, or one. */
@Command(
    name = "config",
    mixinStandardHelpOptions = true,
    description = "Print every setting, or one: what it means, its default and its value here.",
    footer = {
      "",
      "The output is itself a configuration file. Each setting can also be given in the environment",
      "(GIBBON_SERVER_PORT for server.port) or as a flag (--set server.port=8081): flags win over the",
      "environment, the environment over the file. Keys and passwords that are set are not shown."
    })
final class ConfigCommand implements Runnable {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(arity = "0..1", paramLabel = "KEY", description = "Only this setting.")
  private @Nullable String key;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    for (GibbonConfig.Entry entry : wanted(options.read().entries())) {
      out.printf("# %s%n", entry.doc());
      out.printf("# default: %s   environment: %s%n", entry.standard(), entry.variable());
      boolean comment = entry.hidden() || entry.value().equals(entry.standard());
      out.printf("%s%s=%s%n%n", comment ? "#" : "", entry.key(), entry.value());
    }
    out.flush();
  }

  private List<GibbonConfig.Entry> wanted(List<GibbonConfig.Entry> all) {
    if (key == null) {
      return all;
    }
    List<GibbonConfig.Entry> found = all.stream().filter(one -> one.key().equals(key)).toList();
    if (found.isEmpty()) {
      throw new UserException(
          "unknown setting '%s'; did you mean '%s'?"
              .formatted(
                  key, NearestName.of(key, all.stream().map(GibbonConfig.Entry::key).toList())));
    }
    return found;
  }
}
