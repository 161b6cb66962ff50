package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.DocumentKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentKeysTest {

  private static final DocumentKeys KEYS = new DocumentKeys(null);

  private static DocumentKey parse(String key) {
    return KEYS.parse(key.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "a/b#c/", "\u00e9\ud83d\udea2", "/", "#", " x "})
  void theCanonicalFormComesBack(String id) {
    byte[] bytes = DocumentKeys.toBytes("island", id);

    assertThat(DocumentKeys.fromBytes(bytes)).isEqualTo(new DocumentKey("island", id));
    assertThat(bytes).startsWith(DocumentKeys.prefix("island"));
  }

  @Test
  void noTwoDocumentsShareAKeyAndNoTwoCollectionsAPrefix() {
    assertThat(DocumentKeys.toBytes("a", "bc")).isNotEqualTo(DocumentKeys.toBytes("ab", "c"));
    byte[] prefix = DocumentKeys.prefix("a");
    assertThat(Arrays.copyOf(DocumentKeys.toBytes("ab", "c"), prefix.length)).isNotEqualTo(prefix);
  }

  @Test
  void cutOffAndOverlongKeysAreRefused() {
    byte[] bytes = DocumentKeys.toBytes("island", "ferry");
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> DocumentKeys.fromBytes(cut))
          .isInstanceOf(InvalidRecordException.class);
    }
    assertThatThrownBy(() -> DocumentKeys.fromBytes(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(InvalidRecordException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "c/x | c | x",
        "c/x/y#2 | c | x/y#2",
        "x | default | x",
        "42 | default | 42",
        "\ufeffc/x | c | x",
        "\"c/x\" | c | x",
        " \"x\" | default | x",
        "{\"collection\":\"c\",\"id\":\"x\"} | c | x",
        "{\"id\":7} | default | 7",
        "{\"schema\":{\"type\":\"string\"},\"payload\":\"c/x\"} | c | x",
        "{\"schema\":{\"type\":\"int64\"},\"payload\":42} | default | 42",
        "{\"schema\":{\"type\":\"struct\"},\"payload\":{\"id\":42}} | default | 42",
      })
  void usersWriteKeysInManyWays(String key, String collection, String id) {
    assertThat(parse(key)).isEqualTo(new DocumentKey(collection, id));
  }

  @Test
  void keysMayBeAvro() {
    DocumentKey key = new DocumentKey("c", "x/y");
    byte[] bytes = RecordSerde.of(DocumentKey.class).serializer().serialize("t", key);

    assertThat(KEYS.parse(bytes)).isEqualTo(key);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/x | collection: is empty",
        "c/ | id: is empty",
        "\"\" | id: is empty",
        "{\"id\":\"\"} | id: is empty",
        "{\"collection\":\"a/b\",\"id\":\"x\"} | collection: has a slash: \"a/b\"",
        "{\"id\":\"a\\u0000\"} | id: has a control character: \"a\\u0000\"",
        "{\"id\":\"\\ud800\"} | id: has half a surrogate pair",
        "{\"id\":1.5} | id: expected a string or one of the integers, found \"1.5\"",
        "{\"id\":\"x\",\"row\":1} | row: no such field; a DocumentKey has collection, id",
        "{\"payload\":null} | expected a string or one of the integers, found null",
        "{\"collection\":\"c\"} | id: is missing",
      })
  void keysThatNameNoDocumentAreRefused(String key, String message) {
    assertThatThrownBy(() -> parse(key))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage(message);
  }

  @Test
  void absentEmptyForeignAndHugeKeysAreRefused() {
    assertThatThrownBy(() -> KEYS.parse(null)).hasMessage("the record has no key");
    assertThatThrownBy(() -> parse("")).hasMessage("id: is empty");
    assertThatThrownBy(() -> KEYS.parse(new byte[] {(byte) 0xFF, (byte) 0xFE}))
        .hasMessage("text that is not UTF-8");
    assertThatThrownBy(() -> KEYS.parse(new byte[] {0, 0, 0, 0, 0, 0, 0, 42}))
        .hasMessageContaining("no schema registry");
    assertThatThrownBy(() -> KEYS.parse(new byte[100_000])).hasMessageContaining("100,000 bytes");
    assertThatThrownBy(() -> parse("x".repeat(1_025)))
        .hasMessage("id: 1,025 bytes in UTF-8, the limit is 1,024");
  }
}
