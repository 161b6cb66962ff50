package io.gibbon.tornado;

/** A step needs more than the device has room for; nothing of it has run. */
final class TooLargeException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Says what there is no room for. */
  TooLargeException(String message) {
    super(message);
  }
}
