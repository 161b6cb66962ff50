package io.gibbon.runtime.kv;

/** How one key or value is stored. The numbers are part of stored states and never change. */
public enum KvFormat {
  /** IEEE 754 binary32. */
  F32(4),
  /** IEEE 754 binary16, rounded to nearest even. */
  F16(2);

  private final int bytes;

  KvFormat(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one key or value. */
  public int bytes() {
    return bytes;
  }
}
