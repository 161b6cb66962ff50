package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The tokens of a GGUF file: their bytes, kinds and merges. Immutable and thread-safe. */
final class Vocabulary {

  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String MERGES = "tokenizer.ggml.merges";

  private static final int TYPE_NORMAL = 1;
  private static final int TYPE_UNKNOWN = 2;
  private static final int TYPE_CONTROL = 3;
  private static final int TYPE_USER_DEFINED = 4;

  private final byte[][] bytes;
  private final int[] types;
  private final Map<String, Integer> ids;
  private final int[] byteTokens;
  private final Merges merges;
  private final @Nullable Pattern named;

  Vocabulary(Metadata metadata) {
    String[] texts = metadata.strings(TOKENS);
    this.types = types(metadata, texts.length);
    this.ids = ids(metadata, texts);
    this.bytes = new byte[texts.length][];
    for (int id = 0; id < texts.length; id++) {
      byte[] read = types[id] == TYPE_NORMAL ? ByteAlphabet.read(texts[id]) : null;
      bytes[id] = read == null ? texts[id].getBytes(StandardCharsets.UTF_8) : read;
    }
    this.byteTokens = byteTokens();
    this.merges = merges(metadata);
    this.named = named(texts);
  }

  /** Number of tokens. */
  int size() {
    return bytes.length;
  }

  /** What the token stands for; of a control token its name. Not to be changed. */
  byte[] bytes(int id) {
    return bytes[id];
  }

  /** Whether the token steers the model and is no part of any text. */
  boolean isControl(int id) {
    return types[id] == TYPE_CONTROL || types[id] == TYPE_UNKNOWN;
  }

  /** Id of the token written so in the vocabulary, or -1. */
  int id(String text) {
    return ids.getOrDefault(text, -1);
  }

  /** The normal token that is exactly these bytes, or -1. */
  int normal(byte[] piece, int length) {
    int id = id(ByteAlphabet.write(piece, length));
    return id >= 0 && types[id] == TYPE_NORMAL ? id : -1;
  }

  /** The token of a single byte, or -1 if the vocabulary has none. */
  int byteToken(byte value) {
    return byteTokens[value & 0xFF];
  }

  Merges merges() {
    return merges;
  }

  /** Matches tokens that are written by name: control and user-defined ones, the longest first. */
  @Nullable Pattern named() {
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
      tokens[b] = normal(new byte[] {(byte) b}, 1);
    }
    return tokens;
  }

  private Merges merges(Metadata metadata) {
    String[] lines = metadata.strings(MERGES);
    Merges table = new Merges(lines.length);
    for (int rank = 0; rank < lines.length; rank++) {
      String line = lines[rank];
      int space = line.indexOf(' ');
      int left = space < 0 ? -1 : id(line.substring(0, space));
      int right = space < 0 ? -1 : id(line.substring(space + 1));
      int result = space < 0 ? -1 : id(line.substring(0, space) + line.substring(space + 1));
      if (left < 0 || right < 0 || result < 0) {
        throw metadata.problem(
            MERGES, "entry %d is not a pair of tokens that form a token".formatted(rank));
      }
      if (types[result] == TYPE_NORMAL) {
        table.add(left, right, rank, result);
      }
    }
    return table;
  }

  private @Nullable Pattern named(String[] texts) {
    List<String> names =
        IntStream.range(0, texts.length)
            .filter(id -> types[id] == TYPE_CONTROL || types[id] == TYPE_USER_DEFINED)
            .mapToObj(id -> texts[id])
            .filter(text -> !text.isEmpty())
            .sorted(Comparator.comparingInt(String::length).reversed())
            .toList();
    return names.isEmpty()
        ? null
        : Pattern.compile(names.stream().map(Pattern::quote).collect(Collectors.joining("|")));
  }
}
