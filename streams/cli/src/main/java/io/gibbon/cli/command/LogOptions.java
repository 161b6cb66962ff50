package io.gibbon.cli.command;

import io.gibbon.cli.LogSetup;
import picocli.CommandLine.Option;

/** How much a command says, and how. */
final class LogOptions {

  @Option(
      names = {"-v", "--verbose"},
      description = "Say more; -vv and -vvv even more.")
  private boolean[] verbose = {};

  @Option(
      names = "--log-format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Logs go to standard error.")
  private LogSetup.Format format = LogSetup.Format.TEXT;

  void apply() {
    LogSetup.apply(verbose.length, format);
  }
}
