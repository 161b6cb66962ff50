package io.gibbon.runtime;

/** The runtime's waiting line is full; the caller may try again later. */
public final class OverloadedException extends RuntimeException {

  /** The message names the limit that was reached. */
  public OverloadedException(String message) {
    super(message);
  }
}
