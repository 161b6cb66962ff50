package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; GPT-2) from the vocabulary, merges and
 * {@code tokenizer.ggml.pre} of a GGUF file. Immutable and thread-safe.
 *
 * <p>Encoding takes time linear in the text: pieces longer than {@value #MAX_PIECE} characters
 * without any border (which no language has) are cut there.
 */
public final class Tokenizer {

  /** The longest piece that byte pairs are merged in, in UTF-16 characters. */
  static final int MAX_PIECE = 16_384;

  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PRE = "tokenizer.ggml.pre";
  private static final List<String> END_KEYS =
      List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id");
  private static final List<String> END_NAMES =
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

  private final Vocabulary vocabulary;
  private final PreTokenizer preTokenizer;
  private final OptionalInt beginOfSequence;
  private final boolean addsBeginOfSequence;
  private final Set<Integer> endOfGeneration;

  private Tokenizer(Metadata metadata) {
    this.vocabulary = new Vocabulary(metadata);
    this.preTokenizer = preTokenizer(metadata);
    this.beginOfSequence = token(metadata, "tokenizer.ggml.bos_token_id");
    this.addsBeginOfSequence = metadata.flag("tokenizer.ggml.add_bos_token", false);
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
    if (!model.equals("gpt2")) {
      throw metadata.problem(
          MODEL, "is %s, which is not supported; supported: gpt2".formatted(model));
    }
    return new Tokenizer(metadata);
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
      Pattern named = segment.control() ? vocabulary.named() : null;
      int at = 0;
      if (named != null) {
        Matcher matcher = named.matcher(segment.text());
        while (matcher.find()) {
          text.append(segment.text(), at, matcher.start());
          encodeText(text, tokens);
          text.setLength(0);
          tokens.add(vocabulary.id(matcher.group()));
          at = matcher.end();
        }
      }
      text.append(segment.text(), at, segment.text().length());
    }
    encodeText(text, tokens);
    return tokens.toArray();
  }

  /**
   * Walks through a user's text piece by piece, in order and without holding more than one piece:
   * what {@link #encode(String)} is made of.
   */
  public void forEachPiece(CharSequence text, PieceConsumer consumer) {
    PieceEncoder encoder = new PieceEncoder(vocabulary, preTokenizer.wholePieces());
    Matcher matcher = preTokenizer.pattern().matcher(text);
    int at = 0;
    while (at < text.length()) {
      int end = matcher.find() ? matcher.end() : text.length();
      while (at < end) {
        int cut = cut(text, at, end);
        int count = encoder.encode(text, at, cut);
        consumer.accept(at, cut, encoder.tokens(), count);
        at = cut;
      }
    }
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

  /** The text of tokens, control tokens by their names; malformed UTF-8 is replaced. */
  public String decode(int[] tokens) {
    int length = IntStream.of(tokens).map(this::byteLength).sum();
    byte[] utf8 = new byte[length];
    int at = 0;
    for (int token : tokens) {
      byte[] bytes = vocabulary.bytes(token);
      System.arraycopy(bytes, 0, utf8, at, bytes.length);
      at += bytes.length;
    }
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** A decoder for one generation. */
  public StreamingDecoder streamingDecoder() {
    return new StreamingDecoder(this);
  }

  /** The tokens that end an answer. */
  public Set<Integer> endOfGeneration() {
    return endOfGeneration;
  }

  /** The token of that name in the vocabulary, in GPT-2's byte alphabet. */
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
    forEachPiece(text, (start, end, piece, count) -> tokens.addAll(piece, count));
  }

  /** Where a long piece is cut: never between two surrogates. */
  private static int cut(CharSequence text, int start, int end) {
    int cut = start + MAX_PIECE;
    if (cut >= end) {
      return end;
    }
    return Character.isLowSurrogate(text.charAt(cut))
            && Character.isHighSurrogate(text.charAt(cut - 1))
        ? cut - 1
        : cut;
  }

  private static PreTokenizer preTokenizer(Metadata metadata) {
    String name = metadata.string(PRE, "gpt-2");
    return PreTokenizer.of(name)
        .orElseThrow(
            () ->
                metadata.problem(
                    PRE,
                    "is %s, which is not supported; supported: %s"
                        .formatted(name, PreTokenizer.names())));
  }

  private OptionalInt token(Metadata metadata, String key) {
    return metadata.has(key)
        ? OptionalInt.of(metadata.integer(key, 0, vocabulary.size() - 1))
        : OptionalInt.empty();
  }

  private Set<Integer> endOfGeneration(Metadata metadata) {
    Set<Integer> tokens = new TreeSet<>();
    END_KEYS.forEach(key -> token(metadata, key).ifPresent(tokens::add));
    END_NAMES.forEach(name -> token(name).stream().filter(this::isControl).forEach(tokens::add));
    return Set.copyOf(tokens);
  }
}
