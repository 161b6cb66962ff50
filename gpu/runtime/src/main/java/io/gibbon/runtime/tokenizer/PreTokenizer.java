package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import java.util.Arrays;
import java.util.List;
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
      List.of("gpt-2"),
      false,
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),
  /** llama.cpp's own: GPT-2 on what lies between punctuation, numbers apart, by three digits. */
  DEFAULT(
      List.of("default"),
      false,
      "[\\p{IsP}$+<=>^~|]+| ?\\p{L}+|[0-9]{3}|(?:(?![0-9]{3})\\p{N})++"
          + "| ?[^\\s\\p{L}\\p{N}\\p{IsP}$+<=>^~|]+|\\s+(?![^\\s\\p{IsP}$+<=>^~|])|\\s+"),
  /** SmolLM: every digit on its own, then GPT-2 on what lies between. */
  SMOLLM(
      List.of("smollm"),
      false,
      "'s|'t|'re|'ve|'m|'ll|'d|\\p{N}| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+"
          + "|\\s+(?=\\p{N})|\\s+(?!\\S)|\\s+"),
  /** Llama 3: a piece that is a token is never cut. */
  LLAMA_BPE(
      List.of("llama-bpe", "llama3", "llama-v3"),
      true,
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
  /** Qwen 2 and later. */
  QWEN_2(
      List.of("qwen2"),
      false,
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private static final String KEY = "tokenizer.ggml.pre";

  private final List<String> ggufNames;
  private final boolean wholePieces;
  private final Pattern pattern;

  PreTokenizer(List<String> ggufNames, boolean wholePieces, String expression) {
    this.ggufNames = ggufNames;
    this.wholePieces = wholePieces;
    this.pattern = Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS);
  }

  /** The pre-tokenizer that a file names; GPT-2's if it names none. */
  static PreTokenizer from(Metadata metadata) {
    String name = metadata.string(KEY, "gpt-2");
    return of(name)
        .orElseThrow(
            () ->
                metadata.problem(
                    KEY, "is %s, which is not supported; supported: %s".formatted(name, names())));
  }

  /** The pre-tokenizer of that {@code tokenizer.ggml.pre}. */
  static Optional<PreTokenizer> of(String ggufName) {
    return Arrays.stream(values()).filter(p -> p.ggufNames.contains(ggufName)).findFirst();
  }

  private static String names() {
    return Arrays.stream(values())
        .flatMap(p -> p.ggufNames.stream())
        .collect(Collectors.joining(", "));
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
