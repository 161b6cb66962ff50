package io.gibbon.runtime.model;

/** How a weight's numbers are stored, after ggml. */
public enum TensorType {
  /** binary32. */
  F32(0, 1, 4),
  /** binary16. */
  F16(1, 1, 2),
  /** 4-bit codes and a binary16 scale for 32 numbers: d * (q - 8). */
  Q4_0(2, 32, 18),
  /** 4-bit codes, a binary16 scale and a binary16 minimum for 32 numbers: d * q + m. */
  Q4_1(3, 32, 20),
  /** 8-bit codes and a binary16 scale for 32 numbers: d * q. */
  Q8_0(8, 32, 34),
  /** bfloat16: the upper half of binary32. */
  BF16(30, 1, 2);

  private final int code;
  private final int blockLength;
  private final int blockBytes;

  TensorType(int code, int blockLength, int blockBytes) {
    this.code = code;
    this.blockLength = blockLength;
    this.blockBytes = blockBytes;
  }

  /** The type's number in a GGUF file. */
  public int code() {
    return code;
  }

  /** Numbers in a block. */
  public int blockLength() {
    return blockLength;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }
}
