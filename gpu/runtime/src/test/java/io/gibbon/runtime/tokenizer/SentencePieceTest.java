package io.gibbon.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.GgufWriter;
import io.gibbon.runtime.model.InvalidModelException;
import io.gibbon.runtime.model.ModelFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SentencePiece's encoding, over {@link SentencePieceVocabulary}. */
class SentencePieceTest {

  @TempDir static Path directory;
  private static Tokenizer plain;
  private static Tokenizer spaced;

  @BeforeAll
  static void open() {
    plain = tokenizer(SentencePieceVocabulary.writer(false));
    spaced = tokenizer(SentencePieceVocabulary.writer(true));
  }

  private static Tokenizer tokenizer(GgufWriter file) {
    return Tokenizer.from(ModelFiles.metadata(file.write(directory.resolve("pieces.gguf"))));
  }

  /** Ids are those of llama.cpp's own library for the same file. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "the inner thing and then on the ion|"
            + "302 267 288 275 289 287 273 288 106 296 291 275 267 292 301 274 292",
        " the|291",
        "xxxxxxx x|299 298 280 267 280",
        "a  b|268 297 269",
        "a   b|268 261 269",
        "tion restion|303 267 293 278 303",
        "he in her|290 267 288 267 290 277",
        "naïve 你é你好🙂|275 268 198 178 121 272 267 306 286 232 168 192 243 162 156 133",
        "<b>the</b> and|262 302 263 296",
        "<b> </b> </ b|262 267 263 267 284 283 307",
        ".|281",
        " |267",
      })
  void idsAreThoseOfAnIndependentImplementation(String text, String ids) {
    assertThat(join(plain.encode(text))).isEqualTo(ids);
    assertThat(join(plain.encodeWithControl(text))).isEqualTo(ids);
  }

  /** Ids are those of llama.cpp's own library for the same file. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "the inner thing and then on the ion|"
            + "301 288 275 289 287 273 288 106 296 291 275 267 292 301 274 292",
        " the|267 291",
        "xxxxxxx x|267 299 298 280 267 280",
        "tion restion|287 274 292 267 293 278 303",
        "he in her|267 290 267 288 267 290 277",
        ".|267 281",
        " |297",
      })
  void aSpaceGoesInFrontWhereTheFileAsksForIt(String text, String ids) {
    assertThat(join(spaced.encode(text))).isEqualTo(ids);
    assertThat(spaced.decode(spaced.encode(text))).isEqualTo(text);
  }

  @Test
  void runsOfLineBreaksAreOneToken() {
    assertThat(join(plain.encode("\n\n\nthe"))).isEqualTo("260 259 302");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "the rain in the then and on",
        "   \n\n\n the   <b> </b></ x",
        "naïve café 你好 🙂👩‍👩‍👧‍👦",
        "\u0000\u0001\t\r\n  \u00a0\u2003 x",
        "<s>the</s><0x41><unk>",
        "<turn>a<|user|>b[tool] c"
      })
  void anyTextComesBack(String text) {
    for (Tokenizer tokenizer : List.of(plain, spaced)) {
      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
      assertThat(tokenizer.decode(tokenizer.encodeWithControl(text))).isEqualTo(text);
    }
  }

  @Test
  void cuttingAndTheHeapMergeAsTheDefinitionDoes() {
    Random random = new Random(3);
    String letters = "thexindo 你>é/<";
    for (int i = 0; i < 2_000; i++) {
      String text =
          random
              .ints(random.nextInt(40), 0, letters.length())
              .mapToObj(at -> letters.substring(at, at + 1))
              .collect(Collectors.joining());
      if (!text.contains("   ") && !text.contains("</b>")) {
        assertThat(texts(plain.encode(text))).as(text).isEqualTo(mergeByDefinition(text));
      }
    }
  }

  /**
   * The encoding as it is defined: over the whole text, again and again the pair that forms the
   * token of the highest score, leftmost first.
   */
  private static List<String> mergeByDefinition(String text) {
    List<String> parts =
        new ArrayList<>(
            text.replace(' ', '\u2581').codePoints().mapToObj(Character::toString).toList());
    while (true) {
      int best = -1;
      float bestScore = Float.NEGATIVE_INFINITY;
      for (int i = 0; i + 1 < parts.size(); i++) {
        int scored = SentencePieceVocabulary.SCORED.indexOf(parts.get(i) + parts.get(i + 1));
        if (scored >= 0 && SentencePieceVocabulary.score(scored) > bestScore) {
          best = i;
          bestScore = SentencePieceVocabulary.score(scored);
        }
      }
      if (best < 0) {
        return parts;
      }
      parts.set(best, parts.get(best) + parts.remove(best + 1));
    }
  }

  /** llama.cpp merges {@code <s} and {@code >} to the control token; SentencePiece does not. */
  @ParameterizedTest
  @ValueSource(strings = {"<s>", "</s>", "<turn>", "<|user|>", "[tool]", "<unk>", "<0x41>"})
  void whatUsersWriteNeverSteersTheModel(String name) {
    int token = plain.token(name).orElseThrow();
    assertThat(plain.encode("a" + name + "a")).doesNotContain(token);
    assertThat(plain.encode(List.of(Segment.control("a"), Segment.plain(name))))
        .doesNotContain(token);
  }

  @ParameterizedTest
  @ValueSource(strings = {"<s>", "</s>", "<turn>", "<|user|>", "[tool]"})
  void namesInOurOwnTextAreTokens(String name) {
    int token = plain.token(name).orElseThrow();
    assertThat(plain.encodeWithControl(name)).containsExactly(token);
    assertThat(plain.encode(List.of(Segment.control(name), Segment.plain(name)))[0])
        .isEqualTo(token);
  }

  @Test
  void theSpaceGoesInFrontOfEachTextBetweenControlTokens() {
    int begin = spaced.token("<s>").orElseThrow();
    int the = spaced.token("\u2581the").orElseThrow();
    assertThat(spaced.encodeWithControl("<s>the<s>the")).containsExactly(begin, the, begin, the);
    assertThat(spaced.encode(List.of(Segment.control("<s>t"), Segment.plain("he"))))
        .containsExactly(begin, the);
  }

  @Test
  void piecesCoverTheTextAndHoldItsTokens() {
    String text =
        "the thing\n\n   <b>and</b> 🙂 " + "🙂".repeat(Tokenizer.MAX_PIECE) + "x".repeat(40_000);
    List<Integer> tokens = new ArrayList<>();
    int[] end = {0};
    spaced.forEachPiece(
        text,
        (from, to, piece, count) -> {
          assertThat(from).isEqualTo(end[0]);
          assertThat(to - from).isBetween(1, Tokenizer.MAX_PIECE);
          end[0] = to;
          IntStream.range(0, count).forEach(i -> tokens.add(piece[i]));
        });
    assertThat(end[0]).isEqualTo(text.length());
    assertThat(tokens).isEqualTo(IntStream.of(spaced.encode(text)).boxed().toList());
    assertThat(spaced.decode(spaced.encode(text))).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", " ", "\n", "é", "a ", "<", "th", ">\u2581</", "\uD800"})
  @Timeout(60)
  void hostileTextTakesLinearTime(String unit) {
    assertThat(spaced.encode(unit.repeat(1_000_000 / unit.length()))).isNotEmpty();
  }

  @Test
  void loneSurrogatesBecomeReplacementCharacters() {
    assertThat(plain.decode(plain.encode("a\uD800b\uDC00"))).isEqualTo("a\uFFFDb\uFFFD");
  }

  @Test
  void charactersOfSeveralByteTokensAppearWhole() {
    StreamingDecoder decoder = plain.streamingDecoder();
    List<String> parts = new ArrayList<>();
    for (int token : plain.encodeWithControl(" the🙂 a\n</s>")) {
      parts.add(decoder.append(token));
    }
    parts.add(decoder.finish());
    assertThat(parts).containsExactly(" the", "", "", "", "🙂", " a", "\n", "", "");
  }

  @Test
  void aVocabularyWithoutBytesHasItsUnknownToken() {
    List<String> tokens = SentencePieceVocabulary.tokens();
    tokens.set(tokens.indexOf("<0xF0>"), "nothing");
    Tokenizer tokenizer =
        tokenizer(SentencePieceVocabulary.writer(false).strings("tokenizer.ggml.tokens", tokens));
    assertThat(texts(tokenizer.encode("a🙂"))).containsExactly("a", "<unk>");
  }

  @Test
  void sequencesBeginWithATokenUnlessTheFileSaysOtherwise() {
    GgufWriter file = SentencePieceVocabulary.writer(true);
    assertThat(tokenizer(file).addsBeginOfSequence()).isFalse();
    assertThat(tokenizer(file.without("tokenizer.ggml.add_bos_token")).addsBeginOfSequence())
        .isTrue();
  }

  @Test
  void damagedScoresAreRefused() {
    int count = SentencePieceVocabulary.tokens().size();
    refuses(List.of(1f), "tokenizer.ggml.scores has 1 entries for " + count + " tokens");
    refuses(Collections.nCopies(count, Float.NaN), "tokenizer.ggml.scores entry 0 is not a number");
    GgufWriter integers =
        SentencePieceVocabulary.writer(true)
            .ints("tokenizer.ggml.scores", Collections.nCopies(count, 1));
    assertThatThrownBy(() -> tokenizer(integers))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("tokenizer.ggml.scores is an array of INT32");
  }

  private static void refuses(List<Float> scores, String message) {
    GgufWriter file = SentencePieceVocabulary.writer(true).numbers("tokenizer.ggml.scores", scores);
    assertThatThrownBy(() -> tokenizer(file))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(message);
  }

  /** The tokens as the vocabulary writes them. */
  private static List<String> texts(int[] tokens) {
    return IntStream.of(tokens)
        .mapToObj(plain::bytes)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8).replace(' ', '\u2581'))
        .toList();
  }

  private static String join(int[] ids) {
    return IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "));
  }
}
