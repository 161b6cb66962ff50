package io.gibbon.topology;

import org.jspecify.annotations.Nullable;

/** Something outside keeps the topology from working; the message says what, and what to do. */
public final class TopologyException extends RuntimeException {

  /** One line for users. */
  public TopologyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
