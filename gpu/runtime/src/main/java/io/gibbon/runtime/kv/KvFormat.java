package io.gibbon.runtime.kv;

/** How one key or value is stored. The names are part of stored states and never change. */
public enum KvFormat {
  /** IEEE 754 binary32. */
  F32(4, false),
  /** IEEE 754 binary16, rounded to nearest even. */
  F16(2, false),
  /**
   * Signed 8-bit codes from -127 to 127, times a scale of binary16: in every head of every layer
   * one for a token's key and one for its value.
   */
  I8(1, true);

  private final int bytes;
  private final boolean scaled;

  KvFormat(int bytes, boolean scaled) {
    this.bytes = bytes;
    this.scaled = scaled;
  }

  /** Bytes of one key's or value's number. */
  public int bytes() {
    return bytes;
  }

  /** Whether numbers are codes that have scales. */
  public boolean scaled() {
    return scaled;
  }
}
