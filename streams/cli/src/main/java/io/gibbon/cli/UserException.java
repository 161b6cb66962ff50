package io.gibbon.cli;

import org.jspecify.annotations.Nullable;

/** Something that the user can mend; the message says what it is and how. */
public final class UserException extends RuntimeException {

  /** An error for a person. */
  public UserException(String message) {
    this(message, null);
  }

  /** An error for a person, with what it came from. */
  public UserException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
