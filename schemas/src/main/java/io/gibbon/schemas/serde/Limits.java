package io.gibbon.schemas.serde;

/**
 * How large a record may be. What is larger is refused before memory is spent on it.
 *
 * @param maxBytes most bytes of a whole record
 * @param maxTextLength most characters (UTF-16 code units) of one string in it
 */
public record Limits(int maxBytes, int maxTextLength) {

  /** 64 MiB a record, 16 Mi characters a string. */
  public static final Limits DEFAULT = new Limits(64 << 20, 16 << 20);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is not positive
   */
  public Limits {
    if (maxBytes < 1 || maxTextLength < 1) {
      throw new IllegalArgumentException(
          "limits must be positive: " + maxBytes + ", " + maxTextLength);
    }
  }
}
