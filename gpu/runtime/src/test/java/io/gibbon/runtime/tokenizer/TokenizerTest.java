package io.gibbon.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.GgufWriter;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.model.InvalidModelException;
import io.gibbon.runtime.model.Model;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {

  @TempDir static Path directory;
  private static Model model;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void open() {
    model = Model.open(TinyModel.writeDefault(directory));
    tokenizer = Tokenizer.from(model.metadata());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "the rain in the then and on",
        "naïve café 你好 🙂👩‍👩‍👧‍👦",
        "\u0000\u0001\t\r\n  \u00a0\u2003 x",
        "<|im_start|>user",
        "12,345.67 'S 'RE 'll"
      })
  void anyTextComesBack(String text) {
    assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    assertThat(tokenizer.decode(tokenizer.encodeWithControl(text))).isEqualTo(text);
  }

  @Test
  void pairsMergeByRankThenFromTheLeft() {
    assertThat(texts(" then")).containsExactly(" the", "n");
    assertThat(texts(" an a")).containsExactly(" ", "an", " a");
    assertThat(texts("xxxxxxx")).containsExactly("xxxx", "xx", "x");
    assertThat(texts("12")).containsExactly("1", "2");
  }

  @Test
  void theHeapMergesAsTheDefinitionDoes() {
    Random random = new Random(3);
    String letters = "thexinr ";
    for (int i = 0; i < 500; i++) {
      StringBuilder text = new StringBuilder("t");
      for (int n = random.nextInt(40); n > 0; n--) {
        text.append(letters.charAt(random.nextInt(letters.length() - 1)));
      }
      assertThat(texts(text.toString())).isEqualTo(mergeByDefinition(text.toString()));
    }
  }

  /**
   * Byte-pair encoding as it is defined: again and again the pair of lowest rank, leftmost first.
   */
  private static List<String> mergeByDefinition(String text) {
    List<String> merges = List.of("he", "in", "re", "on", "an", "er", "xx", "xxxx");
    List<String> parts = new ArrayList<>(text.chars().mapToObj(Character::toString).toList());
    while (true) {
      int best = -1;
      int bestRank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < parts.size(); i++) {
        int rank = merges.indexOf(parts.get(i) + parts.get(i + 1));
        boolean sound = rank >= 0 && parts.get(i).length() == parts.get(i + 1).length();
        if (sound && rank < bestRank) {
          best = i;
          bestRank = rank;
        }
      }
      if (best < 0) {
        return parts;
      }
      parts.set(best, parts.get(best) + parts.remove(best + 1));
    }
  }

  @Test
  void onlyControlSegmentsSpeakToTheModel() {
    int start = tokenizer.token("<|im_start|>").orElseThrow();
    assertThat(tokenizer.encode("<|im_start|>")).doesNotContain(start);
    assertThat(tokenizer.encodeWithControl("<|im_start|>")).containsExactly(start);
    assertThat(
            tokenizer.encode(
                List.of(Segment.control("<|im_"), Segment.plain("start|>"), Segment.control("x"))))
        .doesNotContain(start);
  }

  @Test
  void textIsEncodedAcrossSegments() {
    assertThat(tokenizer.encode(List.of(Segment.control("Q: t"), Segment.plain("he end"))))
        .isEqualTo(tokenizer.encode("Q: the end"));
  }

  @Test
  void loneSurrogatesBecomeReplacementCharacters() {
    assertThat(tokenizer.decode(tokenizer.encode("a\uD800b\uDC00"))).isEqualTo("a\uFFFDb\uFFFD");
  }

  @Test
  void piecesCoverTheTextAndHoldItsTokens() {
    String text = "One ring.\n\n  Two 🙂 rings: " + "🙂".repeat(Tokenizer.MAX_PIECE);
    List<Integer> tokens = new ArrayList<>();
    int[] end = {0};
    tokenizer.forEachPiece(
        text,
        (from, to, piece, count) -> {
          assertThat(from).isEqualTo(end[0]);
          end[0] = to;
          for (int i = 0; i < count; i++) {
            tokens.add(piece[i]);
          }
        });
    assertThat(end[0]).isEqualTo(text.length());
    assertThat(tokens.stream().mapToInt(Integer::intValue).toArray())
        .isEqualTo(tokenizer.encode(text));
    assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", " ", "1", "\n", "é", "a ", "\uD800"})
  @Timeout(60)
  void hostileTextTakesLinearTime(String unit) {
    String text = unit.repeat(4_000_000 / unit.length());
    assertThat(tokenizer.encode(text)).isNotEmpty();
  }

  @Test
  void charactersAppearWhole() {
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    List<String> parts = new ArrayList<>();
    for (int token : tokenizer.encodeWithControl("a🙂é<|im_end|>")) {
      parts.add(decoder.append(token));
    }
    parts.add(decoder.finish());
    assertThat(String.join("", parts)).isEqualTo("a🙂é");
    assertThat(parts).containsExactly("a", "", "", "", "🙂", "", "é", "", "");
  }

  @Test
  void malformedBytesAreReplaced() {
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    int[] smile = tokenizer.encode("🙂");
    assertThat(decoder.append(smile[0])).isEmpty();
    assertThat(decoder.append(tokenizer.encode("a")[0])).isEqualTo("\uFFFDa");
    assertThat(decoder.append(smile[0])).isEmpty();
    assertThat(decoder.finish()).isEqualTo("\uFFFD");
  }

  @Test
  void theEndOfAnAnswerIsKnown() {
    assertThat(tokenizer.endOfGeneration()).containsExactlyInAnyOrder(0, 2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gpt-2|don't 123 x|don,'t, 123, x",
        "default|don't  12345 x =>|don,',t, , ,123,45, x, ,=>",
        "smollm|don't 123 x|don,'t, ,1,2,3, x",
        "llama-bpe|DON'T 1234 x!|DON,'T, ,123,4, x,!",
        "qwen2|DON'T 12 (x)|DON,'T, ,1,2, (,x,)",
      })
  void textIsCutAsThePreTokenizerSays(String name, String text, String pieces) {
    List<String> cut = new ArrayList<>();
    var matcher = PreTokenizer.of(name).orElseThrow().pattern().matcher(text);
    while (matcher.find()) {
      cut.add(matcher.group());
    }
    assertThat(String.join(",", cut)).isEqualTo(pieces);
  }

  @ParameterizedTest
  @CsvSource({"smollm,false", "llama-bpe,true", "qwen2,false"})
  void filesThatDoNotSayBeginSequencesAsTheirFamilyDoes(String pre, boolean begins) {
    GgufWriter file =
        TinyModel.DEFAULT
            .writer()
            .string("tokenizer.ggml.pre", pre)
            .without("tokenizer.ggml.add_bos_token");
    try (Model other = Model.open(file.write(directory.resolve("begin.gguf")))) {
      assertThat(Tokenizer.from(other.metadata()).addsBeginOfSequence()).isEqualTo(begins);
    }
  }

  @Test
  void unknownKindsAreRefusedByName() {
    refuses(
        TinyModel.DEFAULT.writer().string("tokenizer.ggml.model", "bert"),
        "tokenizer.ggml.model is bert, which is not supported; supported: gpt2, llama");
    refuses(
        TinyModel.DEFAULT.writer().string("tokenizer.ggml.pre", "tekken"),
        "tokenizer.ggml.pre is tekken, which is not supported; "
            + "supported: gpt-2, default, smollm, llama-bpe, llama3, llama-v3, qwen2");
  }

  @Test
  void damagedVocabulariesAreRefused() {
    List<String> twins = TinyModel.vocabulary();
    twins.set(9, twins.get(8));
    refuses(
        TinyModel.DEFAULT.writer().strings("tokenizer.ggml.tokens", twins), "tokens 8 and 9 alike");
    refuses(
        TinyModel.DEFAULT.writer().strings("tokenizer.ggml.merges", List.of("a b")),
        "tokenizer.ggml.merges entry 0 is not a pair of tokens that form a token");
    refuses(
        TinyModel.DEFAULT.writer().ints("tokenizer.ggml.token_type", List.of(1)),
        "tokenizer.ggml.token_type has 1 entries for " + TinyModel.vocabulary().size());
    refuses(
        TinyModel.DEFAULT.writer().integer("tokenizer.ggml.eos_token_id", 999),
        "tokenizer.ggml.eos_token_id is 999, it must be from 0 to ");
  }

  private static void refuses(GgufWriter file, String message) {
    try (Model damaged = Model.open(file.write(directory.resolve("hostile.gguf")))) {
      assertThatThrownBy(() -> Tokenizer.from(damaged.metadata()))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining(message);
    }
  }

  private static List<String> texts(String text) {
    List<String> texts = new ArrayList<>();
    for (int token : tokenizer.encode(text)) {
      texts.add(new String(tokenizer.bytes(token), StandardCharsets.UTF_8));
    }
    return texts;
  }
}
