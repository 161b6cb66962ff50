package io.gibbon.runtime.kv;

/** How one key or value is stored. The names are part of stored states and never change. */
public enum KvFormat {
  /** IEEE 754 binary32. */
  F32(4, 0),
  /** IEEE 754 binary16, rounded to nearest even. */
  F16(2, 0),
  /**
   * Signed 8-bit codes from -127 to 127, times one binary32 scale for each token's key, and one for
   * its value, in every head of every layer: the greatest magnitude over 127.
   */
  I8(1, 4);

  private final int bytes;
  private final int scaleBytes;

  KvFormat(int bytes, int scaleBytes) {
    this.bytes = bytes;
    this.scaleBytes = scaleBytes;
  }

  /** Bytes of one key's or value's number. */
  public int bytes() {
    return bytes;
  }

  /** Bytes of the scale that a token's key or value in a head has; 0 if there is none. */
  public int scaleBytes() {
    return scaleBytes;
  }
}
