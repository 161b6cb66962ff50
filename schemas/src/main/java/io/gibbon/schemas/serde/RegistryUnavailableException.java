package io.gibbon.schemas.serde;

import org.apache.kafka.common.errors.RetriableException;

/** The schema registry cannot be asked now; the record may be good, so try again later. */
public final class RegistryUnavailableException extends RetriableException {

  RegistryUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }

  RegistryUnavailableException(String message) {
    super(message);
  }
}
