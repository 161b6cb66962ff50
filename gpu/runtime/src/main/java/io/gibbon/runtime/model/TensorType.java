package io.gibbon.runtime.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

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
  /** 5-bit codes and a binary16 scale for 32 numbers: d * (q - 16). */
  Q5_0(6, 32, 22),
  /** 5-bit codes, a binary16 scale and a binary16 minimum for 32 numbers: d * q + m. */
  Q5_1(7, 32, 24),
  /** 8-bit codes and a binary16 scale for 32 numbers: d * q. */
  Q8_0(8, 32, 34),
  /**
   * 4-bit codes; a 6-bit scale s and a 6-bit minimum m for 32 numbers, and a binary16 factor of
   * each for 256: d * s * q - e * m.
   */
  Q4_K(12, 256, 144),
  /** As {@link #Q4_K} with 5-bit codes. */
  Q5_K(13, 256, 176),
  /**
   * 6-bit codes; an 8-bit scale s for 16 numbers and a binary16 factor for 256: d * s * (q - 32).
   */
  Q6_K(14, 256, 210),
  /** bfloat16: the upper half of binary32. */
  BF16(30, 1, 2);

  /** ggml's names by number, for messages; types that ggml has removed are empty. */
  private static final List<String> GGML_NAMES =
      List.of(
          ("F32,F16,Q4_0,Q4_1,,,Q5_0,Q5_1,Q8_0,Q8_1,Q2_K,Q3_K,Q4_K,Q5_K,Q6_K,Q8_K,IQ2_XXS,IQ2_XS,"
                  + "IQ3_XXS,IQ1_S,IQ4_NL,IQ3_S,IQ2_S,IQ4_XS,I8,I16,I32,I64,F64,IQ1_M,BF16,,,,"
                  + "TQ1_0,TQ2_0,,,,MXFP4")
              .split(","));

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

  /** The supported type with this number in a GGUF file. */
  static Optional<TensorType> ofCode(int code) {
    return Arrays.stream(values()).filter(type -> type.code == code).findFirst();
  }

  /** ggml's name of any type, supported or not. */
  static String ggmlName(int code) {
    boolean known = code >= 0 && code < GGML_NAMES.size() && !GGML_NAMES.get(code).isEmpty();
    return known ? GGML_NAMES.get(code) : "number " + Integer.toUnsignedString(code);
  }

  /** All supported types, for messages. */
  static String names() {
    return Arrays.stream(values()).map(TensorType::name).collect(Collectors.joining(", "));
  }
}
