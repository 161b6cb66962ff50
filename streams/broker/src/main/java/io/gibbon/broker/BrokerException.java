package io.gibbon.broker;

import org.jspecify.annotations.Nullable;

/** The embedded broker could not start; the message says why and what to do. */
public final class BrokerException extends RuntimeException {

  /** An error for a person: cause and remedy in one sentence. */
  public BrokerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
