package io.gibbon.cli;

import io.gibbon.cli.command.GibbonCommand;
import picocli.CommandLine;

/** Entry point of {@code gibbon}. */
public final class Main {

  private Main() {}

  /** Runs one command and exits with its status. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** The command line with all its subcommands; for tests and for documentation. */
  public static CommandLine commandLine() {
    return new CommandLine(new GibbonCommand())
        .setExecutionExceptionHandler(new ErrorMessages())
        .setParameterExceptionHandler(new UsageMessages())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true);
  }
}
