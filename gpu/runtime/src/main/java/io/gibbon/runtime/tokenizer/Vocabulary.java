package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** The tokens of a GGUF file: their bytes and kinds. Immutable and thread-safe. */
final class Vocabulary {

  /** Names of the tokens that end an answer in one family or another. */
  static final List<String> END_NAMES =
      List.of(
          "<|im_end|>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|end|>",
          "<end_of_turn>",
          "</s>",
          "<eos>");

  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String TEMPLATE = "tokenizer.chat_template";

  private static final int TYPE_NORMAL = 1;
  private static final int TYPE_UNKNOWN = 2;
  private static final int TYPE_CONTROL = 3;
  private static final int TYPE_USER_DEFINED = 4;
  private static final int TYPE_BYTE = 6;

  /** User-defined tokens of this form are part of texts: white space and plain markup. */
  private static final Pattern WORD = Pattern.compile("\\s+|</?[a-z][a-z0-9]*>");

  private final String[] texts;
  private final byte[][] bytes;
  private final int[] types;
  private final Map<String, Integer> ids;
  private final int[] byteTokens;
  private final Spelling spelling;
  private final String template;
  private final Names named;

  Vocabulary(Metadata metadata, Spelling spelling) {
    this.texts = metadata.strings(TOKENS);
    this.types = types(metadata, texts.length);
    this.ids = ids(metadata, texts);
    this.spelling = spelling;
    this.byteTokens = byteTokens();
    this.bytes = bytes();
    this.template = metadata.string(TEMPLATE, "");
    this.named = new Names(this, IntStream.range(0, size()).filter(this::isNamed));
  }

  /** Number of tokens. */
  int size() {
    return texts.length;
  }

  /** How the file writes the token. */
  String text(int id) {
    return texts[id];
  }

  /** What the token stands for; of a control token its name. Not to be changed. */
  byte[] bytes(int id) {
    return bytes[id];
  }

  /** Whether the token is an ordinary part of texts. */
  boolean isNormal(int id) {
    return types[id] == TYPE_NORMAL;
  }

  /** Whether the token steers the model and is no part of any text. */
  boolean isControl(int id) {
    return types[id] == TYPE_CONTROL || types[id] == TYPE_UNKNOWN;
  }

  /**
   * Whether the token is a word of SentencePiece's that is always one token, whoever wrote the
   * text. Tokens that could steer the model are none: names that end answers or occur in the chat
   * template, and all that do not look like white space or markup.
   */
  boolean isWord(int id) {
    return spelling == Spelling.SENTENCE_PIECE
        && types[id] == TYPE_USER_DEFINED
        && WORD.matcher(texts[id]).matches()
        && !END_NAMES.contains(texts[id])
        && (texts[id].isBlank() || !template.contains(texts[id]));
  }

  /** Whether the token is written by name in text of our own making. */
  boolean isNamed(int id) {
    return types[id] == TYPE_CONTROL || types[id] == TYPE_USER_DEFINED && !isWord(id);
  }

  /** Id of the token written so in the vocabulary, or -1. */
  int id(String text) {
    return ids.getOrDefault(text, -1);
  }

  /** Id of the normal token written so, or -1. */
  int normal(String text) {
    int id = id(text);
    return id >= 0 && isNormal(id) ? id : -1;
  }

  /** The token of a single byte, or -1 if the vocabulary has none. */
  int byteToken(byte value) {
    return byteTokens[value & 0xFF];
  }

  /** Tokens that are written by name in text of our own making. */
  Names named() {
    return named;
  }

  private static int[] types(Metadata metadata, int count) {
    if (!metadata.has(TYPES)) {
      int[] normal = new int[count];
      Arrays.fill(normal, TYPE_NORMAL);
      return normal;
    }
    int[] types = metadata.ints(TYPES);
    if (types.length != count) {
      throw metadata.problem(TYPES, "has %d entries for %d tokens".formatted(types.length, count));
    }
    return types;
  }

  private static Map<String, Integer> ids(Metadata metadata, String[] texts) {
    Map<String, Integer> ids = HashMap.newHashMap(texts.length);
    for (int id = 0; id < texts.length; id++) {
      Integer twin = ids.put(texts[id], id);
      if (twin != null) {
        throw metadata.problem(TOKENS, "has tokens %d and %d alike".formatted(twin, id));
      }
    }
    return ids;
  }

  private int[] byteTokens() {
    int[] tokens = new int[256];
    for (int b = 0; b < 256; b++) {
      int id = id(spelling.write((byte) b));
      tokens[b] = id >= 0 && (isNormal(id) || types[id] == TYPE_BYTE) ? id : -1;
    }
    return tokens;
  }

  private byte[][] bytes() {
    byte[][] read = new byte[texts.length][];
    for (int id = 0; id < texts.length; id++) {
      read[id] =
          isNormal(id) ? spelling.read(texts[id]) : texts[id].getBytes(StandardCharsets.UTF_8);
    }
    for (int b = 0; b < 256; b++) {
      if (byteTokens[b] >= 0) {
        read[byteTokens[b]] = new byte[] {(byte) b};
      }
    }
    return read;
  }
}
