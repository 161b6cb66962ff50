package io.gibbon.runtime.chunk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.chat.ChatPrompt;
import io.gibbon.runtime.chat.PromptFormat;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkerTest {

  private static final int CONTEXT_TOKENS = 128;
  private static final String SENTENCE = "The ferry to the island leaves at nine in the morning.";

  @TempDir static Path directory;
  private static Model model;
  private static Tokenizer tokenizer;
  private static ChatPrompt prompt;

  @BeforeAll
  static void open() {
    model = Model.open(TinyModel.writeDefault(directory));
    tokenizer = Tokenizer.from(model.metadata());
    prompt = new ChatPrompt(model, tokenizer, PromptFormat.DEFAULT);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void aShortDocumentIsOneChunkInItsDecoration() {
    Chunks chunks = chunk("Ferry", "  " + SENTENCE + "\n");
    assertThat(chunks.count()).isEqualTo(1);
    assertThat(chunks.get(0).text()).isEqualTo(SENTENCE);
    assertThat(chunks.get(0).tokens()).isEqualTo(prompt.context("Ferry", SENTENCE));
  }

  @Test
  void everyChunkCarriesTheTitle() {
    assertThat(chunk("Ferry", prose(20)))
        .hasSizeGreaterThan(3)
        .allSatisfy(
            chunk ->
                assertThat(tokenizer.decode(chunk.tokens()))
                    .isEqualTo("Document: Ferry\n" + chunk.text() + "\n\n"));
  }

  @Test
  void textIsCutBehindSentences() {
    assertThat(texts("Ferry", prose(30)))
        .allSatisfy(text -> assertThat(text).startsWith("The ferry").endsWith("morning."));
  }

  @Test
  void headingsOpenChunks() {
    String text =
        IntStream.range(0, 8)
            .mapToObj(i -> "# Part " + i + "\n\n" + SENTENCE + " And so on and on.\n")
            .collect(Collectors.joining("\n"));
    assertThat(texts("", text))
        .hasSizeGreaterThan(2)
        .allSatisfy(chunk -> assertThat(chunk).startsWith("# Part ").endsWith("and on."));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "one two|4|WORD",
        "one. Two|5|SENTENCE",
        "e.g. two|5|WORD",
        "one?) Two|6|SENTENCE",
        "one\\ntwo|4|LINE",
        "one\\n \\ntwo|6|PARAGRAPH",
        "one\\r\\ntwo|5|LINE",
        "one\\n## two|4|HEADING",
        "# one\\n\\ntwo|7|WORD",
        "one\\n#two|4|LINE",
        "onetwo|3|TOKEN",
        "你好。世界|3|SENTENCE",
      })
  void bordersAreRecognised(String text, int at, Border border) {
    String unescaped = text.translateEscapes();
    assertThat(Border.before(unescaped, at)).isEqualTo(border);
  }

  @Test
  void noCrumbIsLeft() {
    for (int sentences = 1; sentences < 40; sentences++) {
      List<Chunk> chunks = new ArrayList<>();
      chunk("", prose(sentences)).forEach(chunks::add);
      int least = chunks.stream().mapToInt(chunk -> chunk.tokens().length).min().orElseThrow();
      int most = chunks.stream().mapToInt(chunk -> chunk.tokens().length).max().orElseThrow();
      assertThat(most).isLessThanOrEqualTo(CONTEXT_TOKENS);
      assertThat(least).as("%d sentences", sentences).isGreaterThan(most / 4);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "1",
        "é",
        "你",
        "🙂",
        " x",
        "\u0000",
        "a\n",
        "#",
        "\uD800",
        ".",
        "x.",
        "\t\t!",
        "\uDC00🙂",
        "# a\n",
        "the ",
        "。"
      })
  void nothingIsLostOrSplit(String unit) {
    keepsEverything(unit.repeat(1_000));
  }

  @Test
  void nothingIsLostFromRandomText() {
    String[] parts = {
      "the ", "\n", "\n\n", "🙂", "x".repeat(50), ". ", "# Ho\n", "\uD800", "12345", "   ", "。"
    };
    Random random = new Random(5);
    for (int i = 0; i < 100; i++) {
      String text =
          random
              .ints(random.nextInt(1, 200), 0, parts.length)
              .mapToObj(part -> parts[part])
              .collect(Collectors.joining());
      keepsEverything(text);
    }
  }

  private static void keepsEverything(String text) {
    List<String> texts = new ArrayList<>();
    for (Chunk chunk : chunk("Title", text)) {
      assertThat(chunk.tokens()).hasSizeLessThanOrEqualTo(CONTEXT_TOKENS);
      assertThat(chunk.text()).isEqualTo(chunk.text().strip()).isNotEmpty();
      texts.add(chunk.text());
    }
    int at = 0;
    for (String part : texts) {
      int found = text.indexOf(part, at);
      assertThat(text.substring(at, found)).isBlank();
      at = found + part.length();
      assertThat(
              at < text.length() && Character.isSurrogatePair(text.charAt(at - 1), text.charAt(at)))
          .isFalse();
    }
    assertThat(text.substring(at)).isBlank();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", " ", "\n", "1"})
  @Timeout(60)
  void hostileTextTakesLinearTime(String unit) {
    Chunks chunks = chunk("Title", unit.repeat(1_000_000));
    assertThat(chunks.count() == 0).isEqualTo(unit.isBlank());
  }

  @Test
  void aLongDocumentIsCutWhole() {
    Chunks chunks = chunk("Ferry", prose(2_500));
    assertThat(Arrays.stream(tokenizer.encode(prose(2_500))).count()).isGreaterThan(100_000);
    assertThat(chunks.count()).isGreaterThan(800);
  }

  @Test
  void aTitleTakesAtMostAQuarter() {
    for (String title : List.of("x".repeat(5_000_000), "🙂".repeat(1_000), "the end ".repeat(99))) {
      Chunk chunk = chunk(title, SENTENCE).get(0);
      assertThat(chunk.tokens()).hasSizeLessThanOrEqualTo(CONTEXT_TOKENS);
      assertThat(tokenizer.decode(chunk.tokens())).doesNotContain("\uFFFD");
    }
  }

  @Test
  void whiteSpaceHasNoChunks() {
    assertThat(chunk("Title", " \n\t ")).isEmpty();
    assertThat(chunk("Title", "")).isEmpty();
  }

  @Test
  void contextsTooSmallForTextAreRefused() {
    assertThatThrownBy(() -> new Chunker(tokenizer, prompt, 16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "contextTokens: is 16, with this prompt format it must be at least");
  }

  private static String prose(int sentences) {
    return String.join(" ", Collections.nCopies(sentences, SENTENCE));
  }

  private static List<String> texts(String title, String text) {
    List<String> texts = new ArrayList<>();
    chunk(title, text).forEach(chunk -> texts.add(chunk.text()));
    return texts;
  }

  private static Chunks chunk(String title, String text) {
    return new Chunker(tokenizer, prompt, CONTEXT_TOKENS).chunk(title, text);
  }
}
