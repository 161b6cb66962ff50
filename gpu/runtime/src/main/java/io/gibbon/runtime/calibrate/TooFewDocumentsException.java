package io.gibbon.runtime.calibrate;

/** There is not enough text to make questions from. The message says what is there and needed. */
public final class TooFewDocumentsException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TooFewDocumentsException(String message) {
    super(message);
  }
}
