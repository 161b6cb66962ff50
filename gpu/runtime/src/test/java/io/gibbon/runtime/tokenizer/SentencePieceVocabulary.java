package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.GgufWriter;
import io.gibbon.runtime.TinyModel;
import java.util.ArrayList;
import java.util.List;

/**
 * A small vocabulary of SentencePiece's kind: three control tokens, the bytes, words that are
 * always one token, letters, and some scored tokens, two of them equal in score and one with a
 * space inside.
 */
final class SentencePieceVocabulary {

  static final List<String> CONTROL = List.of("<s>", "</s>");

  /** Tokens of type user-defined, the last three of which steer the model. */
  static final List<String> USER_DEFINED =
      List.of("\n", "\n\n", "   ", "<b>", "</b>", "<turn>", "<|user|>", "[tool]");

  static final String LETTERS = "\u2581abcdehinorstx.>/<é你";

  /** Highest score first; "er" and "he" have the same. */
  static final List<String> SCORED =
      List.of(
          "\u2581t",
          "in",
          "er",
          "he",
          "\u2581the",
          "on",
          "re",
          "nd",
          "\u2581a",
          "\u2581and",
          "\u2581\u2581",
          "xx",
          "xxxx",
          "is",
          "\u2581the\u2581",
          "the",
          "tion",
          "ti",
          "io",
          "你é",
          "\u2581b",
          "<s",
          ">\u2581</");

  private SentencePieceVocabulary() {}

  /** All tokens, as the file writes them. */
  static List<String> tokens() {
    List<String> tokens = new ArrayList<>(List.of("<unk>"));
    tokens.addAll(CONTROL);
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
    }
    tokens.addAll(USER_DEFINED);
    LETTERS.codePoints().mapToObj(Character::toString).forEach(tokens::add);
    tokens.addAll(SCORED);
    return tokens;
  }

  /** Score of one of {@link #SCORED}. */
  static float score(int index) {
    return index == 3 ? -2 : -index;
  }

  /** A file with this vocabulary; it has no weights for it. */
  static GgufWriter writer(boolean spacePrefix) {
    List<String> tokens = tokens();
    List<Integer> types = new ArrayList<>();
    List<Float> scores = new ArrayList<>();
    int firstScored = tokens.size() - SCORED.size();
    for (int id = 0; id < tokens.size(); id++) {
      types.add(type(tokens.get(id), id));
      scores.add(id < firstScored ? -1000f : score(id - firstScored));
    }
    return TinyModel.DEFAULT
        .writer()
        .string("tokenizer.ggml.model", "llama")
        .string("tokenizer.ggml.pre", "default")
        .strings("tokenizer.ggml.tokens", tokens)
        .ints("tokenizer.ggml.token_type", types)
        .numbers("tokenizer.ggml.scores", scores)
        .integer("tokenizer.ggml.unknown_token_id", 0)
        .flag("tokenizer.ggml.add_space_prefix", spacePrefix)
        .string("tokenizer.chat_template", "{{ '<turn>' + messages[0]['content'] }}");
  }

  private static int type(String token, int id) {
    if (id == 0) {
      return 2;
    } else if (CONTROL.contains(token)) {
      return 3;
    } else if (USER_DEFINED.contains(token)) {
      return 4;
    }
    return id < 259 ? 6 : 1;
  }
}
