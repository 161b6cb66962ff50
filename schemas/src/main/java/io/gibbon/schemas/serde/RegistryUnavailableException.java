package io.gibbon.schemas.serde;

import java.time.Duration;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/** The schema registry cannot be asked now; the record may be good, so try again later. */
public final class RegistryUnavailableException extends RetriableException {

  private final Duration retryAfter;

  RegistryUnavailableException(String message, Duration retryAfter, @Nullable Throwable cause) {
    super(message, cause);
    this.retryAfter = retryAfter;
  }

  /** How long the registry is not asked again; until then calls fail at once. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
