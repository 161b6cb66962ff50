package io.gibbon.cli;

import io.gibbon.cli.config.NearestName;
import java.io.PrintWriter;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Tells what is wrong with a command line: of a flag or command that there is not, the nearest that
 * there is; of everything else, how the command is used.
 */
final class UsageMessages implements IParameterExceptionHandler {

  @Override
  public int handleParseException(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    PrintWriter err = command.getErr();
    ColorScheme colors = command.getColorScheme();
    err.println(colors.errorText(error.getMessage()));
    if (error instanceof UnmatchedArgumentException unmatched) {
      String unknown = unmatched.getUnmatched().getFirst();
      Set<String> known =
          unknown.startsWith("-")
              ? command.getCommandSpec().optionsMap().keySet()
              : command.getSubcommands().keySet();
      if (!known.isEmpty()) {
        String flag = unknown.split("=", 2)[0];
        err.printf("Did you mean '%s'? ", NearestName.of(flag, known));
      }
      err.printf("`%s --help` explains them all.%n", command.getCommandSpec().qualifiedName());
    } else {
      command.usage(err, colors);
    }
    err.flush();
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }
}
