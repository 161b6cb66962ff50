package io.gibbon.topology;

/** A state exists no more, or its owner restores or moves; asking again may help. */
public final class StateUnavailableException extends RuntimeException {

  /** The message names the state. */
  public StateUnavailableException(String message) {
    super(message);
  }
}
