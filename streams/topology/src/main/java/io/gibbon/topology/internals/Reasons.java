package io.gibbon.topology.internals;

/** One line about an error, for users. */
final class Reasons {

  private static final int MAX_LENGTH = 500;

  private Reasons() {}

  /** The error's message, or its kind where it has none; never a stack trace. */
  static String of(Throwable error) {
    String message = error.getMessage();
    String text = message == null || message.isBlank() ? error.getClass().getSimpleName() : message;
    String line = text.lines().findFirst().orElse("").strip();
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "...";
  }
}
