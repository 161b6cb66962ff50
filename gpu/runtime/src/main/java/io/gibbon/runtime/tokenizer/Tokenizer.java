package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import io.gibbon.runtime.tokenizer.Names.Name;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tokenizer of a GGUF file, from its own vocabulary: byte-level byte-pair encoding ({@code
 * gpt2}) or SentencePiece's ({@code llama}). Immutable and thread-safe.
 *
 * <p>Encoding takes time linear in the text: pieces longer than {@value #MAX_PIECE} characters
 * without any border (which no language has) are cut there.
 */
public final class Tokenizer {

  /** The longest piece that byte pairs are merged in, in UTF-16 characters. */
  static final int MAX_PIECE = 16_384;

  private static final String MODEL = "tokenizer.ggml.model";
  private static final List<String> END_KEYS =
      List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id");

  private final Vocabulary vocabulary;
  private final Scheme scheme;
  private final OptionalInt beginOfSequence;
  private final boolean addsBeginOfSequence;
  private final Set<Integer> endOfGeneration;

  private Tokenizer(Metadata metadata, Vocabulary vocabulary, Scheme scheme) {
    this.vocabulary = vocabulary;
    this.scheme = scheme;
    this.beginOfSequence = token(metadata, "tokenizer.ggml.bos_token_id");
    this.addsBeginOfSequence =
        metadata.flag("tokenizer.ggml.add_bos_token", scheme.addsBeginOfSequence());
    this.endOfGeneration = endOfGeneration(metadata);
  }

  /**
   * Reads a tokenizer.
   *
   * @throws io.gibbon.runtime.model.InvalidModelException if the file's tokenizer is damaged or of
   *     a kind that is not supported
   */
  public static Tokenizer from(Metadata metadata) {
    String model = metadata.string(MODEL);
    switch (model) {
      case "gpt2" -> {
        Vocabulary vocabulary = new Vocabulary(metadata, Spelling.BYTE_ALPHABET);
        return new Tokenizer(metadata, vocabulary, new ByteLevelScheme(metadata, vocabulary));
      }
      case "llama" -> {
        Vocabulary vocabulary = new Vocabulary(metadata, Spelling.SENTENCE_PIECE);
        return new Tokenizer(metadata, vocabulary, new SentencePieceScheme(metadata, vocabulary));
      }
      default ->
          throw metadata.problem(
              MODEL, "is %s, which is not supported; supported: gpt2, llama".formatted(model));
    }
  }

  /** Number of tokens. */
  public int size() {
    return vocabulary.size();
  }

  /** The tokens of a user's text: names of control tokens in it are only letters. */
  public int[] encode(String text) {
    return encode(List.of(Segment.plain(text)));
  }

  /** The tokens of a text of our own in which control tokens are written by name. */
  public int[] encodeWithControl(String text) {
    return encode(List.of(Segment.control(text)));
  }

  /**
   * The tokens of segments one behind the other. Between two control tokens the text is encoded as
   * if it had come in one segment.
   */
  public int[] encode(List<Segment> segments) {
    TokenList tokens = new TokenList();
    StringBuilder text = new StringBuilder();
    for (Segment segment : segments) {
      if (segment.control()) {
        appendControl(segment.text(), text, tokens);
      } else {
        text.append(segment.text());
      }
    }
    encodeText(text, tokens);
    return tokens.toArray();
  }

  /** Encodes what comes before each control token, and leaves what comes behind the last. */
  private void appendControl(String segment, StringBuilder text, TokenList tokens) {
    int at = 0;
    while (at < segment.length()) {
      Name name = vocabulary.named().at(segment, at);
      if (name == null) {
        text.append(segment.charAt(at++));
      } else {
        encodeText(text, tokens);
        text.setLength(0);
        tokens.add(name.token());
        at += name.text().length();
      }
    }
  }

  /**
   * Walks through a user's text piece by piece, in order and without holding more than one piece:
   * what {@link #encode(String)} is made of.
   */
  public void forEachPiece(CharSequence text, PieceConsumer consumer) {
    scheme.forEachPiece(text, consumer);
  }

  /** Receives the pieces of a text. */
  @FunctionalInterface
  public interface PieceConsumer {

    /**
     * One piece.
     *
     * @param start first character in the text
     * @param end behind the last character
     * @param tokens holds the piece's tokens at its front; only valid during the call
     * @param count how many tokens
     */
    void accept(int start, int end, int[] tokens, int count);
  }

  /** The bytes that a token stands for (of a control token, its name). A copy. */
  public byte[] bytes(int token) {
    return vocabulary.bytes(token).clone();
  }

  /** Number of bytes that a token stands for. */
  public int byteLength(int token) {
    return vocabulary.bytes(token).length;
  }

  /** Whether the token steers the model and is no part of any text. */
  public boolean isControl(int token) {
    return vocabulary.isControl(token);
  }

  /**
   * The text of tokens, control tokens by their names; malformed UTF-8 is replaced. A space that
   * {@link #encode} put in front of a text is taken off.
   */
  public String decode(int[] tokens) {
    ByteArrayOutputStream utf8 = new ByteArrayOutputStream();
    boolean start = true;
    for (int token : tokens) {
      byte[] bytes = vocabulary.bytes(token);
      boolean spaced = start && scheme.addsSpace() && vocabulary.isNormal(token);
      int skipped = spaced && bytes.length > 0 && bytes[0] == ' ' ? 1 : 0;
      utf8.write(bytes, skipped, bytes.length - skipped);
      start = vocabulary.isNamed(token);
    }
    return utf8.toString(StandardCharsets.UTF_8);
  }

  /** A decoder for one generation. */
  public StreamingDecoder streamingDecoder() {
    return new StreamingDecoder(this);
  }

  /** The tokens that end an answer. */
  public Set<Integer> endOfGeneration() {
    return endOfGeneration;
  }

  /** The token that the vocabulary writes so. */
  public OptionalInt token(String name) {
    int id = vocabulary.id(name);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** The token that marks the begin of a sequence, if the file names one. */
  public OptionalInt beginOfSequence() {
    return beginOfSequence;
  }

  /** Whether every sequence must begin with {@link #beginOfSequence()}. */
  public boolean addsBeginOfSequence() {
    return addsBeginOfSequence && beginOfSequence.isPresent();
  }

  private void encodeText(CharSequence text, TokenList tokens) {
    scheme.forEachPiece(text, (start, end, piece, count) -> tokens.addAll(piece, count));
  }

  private OptionalInt token(Metadata metadata, String key) {
    return metadata.has(key)
        ? OptionalInt.of(metadata.integer(key, 0, vocabulary.size() - 1))
        : OptionalInt.empty();
  }

  private Set<Integer> endOfGeneration(Metadata metadata) {
    Set<Integer> tokens = new TreeSet<>();
    END_KEYS.forEach(key -> token(metadata, key).ifPresent(tokens::add));
    Vocabulary.END_NAMES.forEach(
        name -> token(name).stream().filter(vocabulary::isNamed).forEach(tokens::add));
    return Set.copyOf(tokens);
  }
}
