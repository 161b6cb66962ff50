package io.gibbon.cli.config;

import org.jspecify.annotations.Nullable;

/**
 * A configuration that cannot be used; the message names the key, where it came from and what would
 * fit.
 */
public final class InvalidConfigException extends RuntimeException {

  /** An error for a person. */
  public InvalidConfigException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** An error for a person. */
  public InvalidConfigException(String message) {
    this(message, null);
  }
}
