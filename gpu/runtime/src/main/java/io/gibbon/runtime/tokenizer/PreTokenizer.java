package io.gibbon.runtime.tokenizer;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a text is cut into pieces before byte pairs are merged within each: the {@code
 * tokenizer.ggml.pre} of a GGUF file. The expressions are those of the tokenizers' publishers, as
 * one alternation that matches every character.
 */
enum PreTokenizer {
  /** GPT-2. */
  GPT_2(
      "gpt-2",
      false,
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),
  /** SmolLM: every digit on its own, then GPT-2 on what lies between. */
  SMOLLM(
      "smollm",
      false,
      "'s|'t|'re|'ve|'m|'ll|'d|\\p{N}| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+"
          + "|\\s+(?=\\p{N})|\\s+(?!\\S)|\\s+"),
  /** Llama 3: a piece that is a token is never cut. */
  LLAMA_BPE(
      "llama-bpe",
      true,
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
  /** Qwen 2 and later. */
  QWEN_2(
      "qwen2",
      false,
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private final String ggufName;
  private final boolean wholePieces;
  private final Pattern pattern;

  PreTokenizer(String ggufName, boolean wholePieces, String expression) {
    this.ggufName = ggufName;
    this.wholePieces = wholePieces;
    this.pattern = Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS);
  }

  /** The pre-tokenizer of that {@code tokenizer.ggml.pre}. */
  static Optional<PreTokenizer> of(String ggufName) {
    return Arrays.stream(values()).filter(p -> p.ggufName.equals(ggufName)).findFirst();
  }

  /** All pre-tokenizers, for messages. */
  static String names() {
    return Arrays.stream(values()).map(p -> p.ggufName).collect(Collectors.joining(", "));
  }

  /** Whether a piece that is a token as a whole becomes that token without merging. */
  boolean wholePieces() {
    return wholePieces;
  }

  /** Matches one piece after the other; all of them together are the text. */
  Pattern pattern() {
    return pattern;
  }
}
