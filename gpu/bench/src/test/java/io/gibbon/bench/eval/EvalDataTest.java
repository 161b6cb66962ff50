package io.gibbon.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of questions, good and bad. */
class EvalDataTest {

  private static final String GOOD =
      """
      {"question": "Who?", "answers": ["Una"], "contexts": [{"title": null, "text": "Una.", "gold": true}]}
      """;

  @TempDir private Path directory;

  @Test
  void itemsAreReadUpToTheLimitAndEmptyLinesAreSkipped() throws IOException {
    List<EvalItem> items = EvalData.read(write("\n" + GOOD + "\n" + GOOD + GOOD), 2);
    assertThat(items).hasSize(2);
    assertThat(items.getFirst())
        .isEqualTo(
            new EvalItem(
                "Who?",
                List.of("Una"),
                List.of(),
                List.of(new EvalItem.Context("", "Una.", true))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "not json|line 2: not JSON",
        "[]|answers: must be a list",
        "{\"answers\": [\"a\"], \"contexts\": [{\"text\": \"t\"}]}|question: must be a text",
        "{\"question\": \"q\", \"contexts\": [{\"text\": \"t\"}]}|answers: must be a list",
        "{\"question\": \"q\", \"answers\": [], \"contexts\": [{\"text\": \"t\"}]}|answers: must be a list",
        "{\"question\": \"q\", \"answers\": [1], \"contexts\": [{\"text\": \"t\"}]}|answers: must hold texts",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"contexts\": []}|contexts: must be a list",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"contexts\": [{}]}|contexts: text: must be a text",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"contexts\": [{\"text\": \"t\", \"title\": {}}]}|title: must be a text",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"contexts\": [{\"text\": \"t\", \"gold\": \"yes\"}]}|gold: must be true or false",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"contexts\": [{\"text\": \"t\"}]} {}|not JSON",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"choices\": [\"b\", \"c\"], \"contexts\": [{\"text\": \"t\"}]}|answers: must be one of the choices",
      })
  void aLineThatIsNoItemIsNamedWithItsField(String line, String message) throws IOException {
    Path file = write(GOOD + line);
    assertThatThrownBy(() -> EvalData.read(file, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("line 2");
  }

  @Test
  void anEmptyFileAndOneThatIsNoTextAreRefused() throws IOException {
    Path empty = write("\n\n");
    assertThatThrownBy(() -> EvalData.read(empty, 9)).hasMessageContaining("has no items");
    Path binary = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xC3, 0x28});
    assertThatThrownBy(() -> EvalData.read(binary, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void aFileThatIsAbsentOrHugeIsRefusedWithoutReadingIt() throws IOException {
    assertThatThrownBy(() -> EvalData.read(directory.resolve("none"), 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no file");
    assertThatThrownBy(() -> EvalData.read(directory, 9)).hasMessageContaining("there is no file");
    Path huge = write(GOOD);
    try (FileChannel channel = FileChannel.open(huge, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), 1L << 40);
    }
    assertThatThrownBy(() -> EvalData.read(huge, 1)).hasMessageContaining("the limit is 1,073");
  }

  private Path write(String text) throws IOException {
    return Files.writeString(directory.resolve("items.jsonl"), text);
  }
}
