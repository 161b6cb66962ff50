package io.gibbon.runtime.model;

import java.nio.file.Path;

/**
 * A model file that cannot be used. The message names the file, what in it is wrong and the limit.
 */
public final class InvalidModelException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The message of this exception is {@code file: problem}. */
  public InvalidModelException(Path file, String problem) {
    super(file + ": " + problem);
  }
}
