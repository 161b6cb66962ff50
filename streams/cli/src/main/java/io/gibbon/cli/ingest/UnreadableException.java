package io.gibbon.cli.ingest;

/** A file that is not what it says it is; the message is for people. */
final class UnreadableException extends RuntimeException {

  UnreadableException(String message, Throwable cause) {
    super(message, cause);
  }
}
