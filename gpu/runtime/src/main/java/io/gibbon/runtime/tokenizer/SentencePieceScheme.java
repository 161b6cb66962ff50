package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import io.gibbon.runtime.tokenizer.Names.Name;
import io.gibbon.runtime.tokenizer.Tokenizer.PieceConsumer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * SentencePiece's byte-pair encoding (Kudo and Richardson 2018): characters merge to the token of
 * the highest score, the leftmost first among equals; a character that is no token becomes its
 * bytes. Words of the vocabulary that are always one token, such as runs of line breaks, are found
 * first.
 *
 * <p>The definition merges over a text as a whole. Cutting it between two characters that are
 * neighbours in no token gives the same tokens, since no merge reaches over such a cut.
 */
final class SentencePieceScheme implements Scheme {

  private static final String UNKNOWN = "tokenizer.ggml.unknown_token_id";
  private static final String ADD_SPACE = "tokenizer.ggml.add_space_prefix";
  private static final int REPLACEMENT = 0xFFFD;

  private final Vocabulary vocabulary;
  private final Merges merges;
  private final Names words;
  private final Map<Integer, Integer> letters = new HashMap<>();
  private final Set<Long> neighbours = new HashSet<>();
  private final boolean hasBytes;
  private final int unknown;
  private final boolean addsSpace;

  SentencePieceScheme(Metadata metadata, Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.merges = new ScoredMerges(metadata, vocabulary);
    this.words =
        new Names(vocabulary, IntStream.range(0, vocabulary.size()).filter(vocabulary::isWord));
    this.hasBytes =
        IntStream.range(0, 256).allMatch(value -> vocabulary.byteToken((byte) value) >= 0);
    this.unknown = metadata.has(UNKNOWN) ? metadata.integer(UNKNOWN, 0, vocabulary.size() - 1) : -1;
    this.addsSpace = metadata.flag(ADD_SPACE, true);
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.isNormal(id)) {
        addLetters(id);
      }
    }
  }

  private void addLetters(int token) {
    int[] text = vocabulary.text(token).codePoints().toArray();
    if (text.length == 1) {
      letters.put(text[0], token);
    }
    for (int i = 1; i < text.length; i++) {
      neighbours.add(pair(text[i - 1], text[i]));
    }
  }

  @Override
  public void forEachPiece(CharSequence text, PieceConsumer consumer) {
    Encoder encoder = new Encoder();
    int at = 0;
    while (at < text.length()) {
      Name word = words.at(text, at);
      int end = word == null ? end(text, at) : at + word.text().length();
      int count = word == null ? encoder.encode(text, at, end) : encoder.set(word.token());
      consumer.accept(at, end, encoder.tokens, count);
      at = end;
    }
  }

  @Override
  public boolean addsBeginOfSequence() {
    return true;
  }

  @Override
  public boolean addsSpace() {
    return addsSpace;
  }

  /** Behind the piece that begins at {@code start}. */
  private int end(CharSequence text, int start) {
    int most = Scheme.cut(text, start, text.length());
    int left = letter(text, start);
    int at = start + width(text, start);
    while (at < most && words.at(text, at) == null) {
      int right = letter(text, at);
      if (!neighbours.contains(pair(left, right))) {
        break;
      }
      left = right;
      at += width(text, at);
    }
    return at;
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  private static int width(CharSequence text, int at) {
    return Character.charCount(Character.codePointAt(text, at));
  }

  /** A character as the vocabulary writes it, a lone surrogate as the replacement character. */
  private static int letter(CharSequence text, int at) {
    int letter = Character.codePointAt(text, at);
    if (letter == ' ') {
      return Spelling.SPACE;
    }
    return letter >= Character.MIN_SURROGATE && letter <= Character.MAX_SURROGATE
        ? REPLACEMENT
        : letter;
  }

  /** Encodes one piece after the other; its array serves all. */
  private final class Encoder {

    private final PairMerger merger = new PairMerger(merges);
    private int[] tokens = new int[64];
    private int count;

    int set(int token) {
      tokens[0] = token;
      return 1;
    }

    int encode(CharSequence text, int start, int end) {
      int most = (end - start + 1) * 4;
      if (tokens.length < most) {
        tokens = new int[most];
      }
      count = 0;
      if (start == 0 && addsSpace) {
        add(Spelling.SPACE);
      }
      for (int at = start; at < end; at += width(text, at)) {
        add(letter(text, at));
      }
      return merger.merge(tokens, count);
    }

    /** Tokens of bytes merge with nothing. */
    private void add(int letter) {
      Integer token = letters.get(letter);
      if (token != null) {
        tokens[count++] = token;
      } else if (hasBytes) {
        for (byte b : Character.toString(letter).getBytes(StandardCharsets.UTF_8)) {
          tokens[count++] = vocabulary.byteToken(b);
        }
      } else if (unknown >= 0) {
        tokens[count++] = unknown;
      }
    }
  }
}
