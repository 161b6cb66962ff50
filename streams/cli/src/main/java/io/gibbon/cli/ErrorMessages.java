package io.gibbon.cli;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Tells errors in one line; the stack trace goes to the log, where {@code -v} shows it. */
final class ErrorMessages implements IExecutionExceptionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(ErrorMessages.class);

  @Override
  public int handleExecutionException(Exception error, CommandLine command, ParseResult arguments) {
    LOG.info("{} failed", command.getCommandName(), error);
    command.getErr().println(command.getColorScheme().errorText("gibbon: " + describe(error)));
    return command.getCommandSpec().exitCodeOnExecutionException();
  }

  private static String describe(Exception error) {
    String message = error.getMessage();
    boolean meantForPeople =
        error.getClass().getName().startsWith("io.gibbon.")
            || error instanceof IllegalArgumentException;
    if (meantForPeople && message != null) {
      return message;
    }
    String name = error.getClass().getSimpleName();
    return message == null
        ? name + " (run with -v for details)"
        : "%s: %s".formatted(name, message);
  }
}
