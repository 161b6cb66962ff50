package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.GenerationRequest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonRecordReaderTest {

  private static final Document SHORT = new Document("default", "x", "", "hello", Map.of(), null);

  private static Document read(String json) {
    return RecordSerde.of(Document.class)
        .deserializer()
        .deserialize("t", json.getBytes(StandardCharsets.UTF_8));
  }

  private static GenerationRequest request(String json) {
    return RecordSerde.of(GenerationRequest.class)
        .deserializer()
        .deserialize("t", json.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":\"x\",\"text\":\"hello\"}",
        "\ufeff \r\n\t{\"id\":\"x\",\"text\":\"hello\"}\n",
        "{\"text\":\"hello\",\"id\":\"x\",\"collection\":null,\"title\":null,\"metadata\":null,\"timestamp\":null}",
        "{\"schema\":{\"type\":\"struct\",\"fields\":[]},\"payload\":{\"id\":\"x\",\"text\":\"hello\"}}",
        "{\"payload\":{\"id\":\"x\",\"text\":\"hello\"},\"schema\":null}",
        "{\"payload\":{\"id\":\"x\",\"text\":\"hello\"}}",
      })
  void oneDocumentInManyForms(String json) {
    assertThat(read(json)).isEqualTo(SHORT);
  }

  @Test
  void anEnvelopeAroundNullIsATombstone() {
    assertThat(read("{\"schema\":null,\"payload\":null}")).isNull();
  }

  @Test
  void defaultsAreNotSharedBetweenRecords() {
    read("{\"id\":\"x\",\"text\":\"hello\"}").getMetadata().put("a", "b");

    assertThat(read("{\"id\":\"x\",\"text\":\"hello\"}").getMetadata()).isEmpty();
  }

  @Test
  void literalsOfIdAndMetadataAreKeptAsWritten() {
    Document document =
        read(
            "{\"id\":12345678901234567890,\"text\":\"t\","
                + "\"metadata\":{\"a\":1.50,\"b\":true,\"c\":-7,\"d\":\"e\"}}");

    assertThat(document.getId()).isEqualTo("12345678901234567890");
    assertThat(document.getMetadata())
        .isEqualTo(Map.of("a", "1.50", "b", "true", "c", "-7", "d", "e"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1790000000123",
        "\"2026-09-21T14:13:20.123Z\"",
        "\"2026-09-21T16:13:20.123+02:00\""
      })
  void timestampsAreMillisecondsOrIso8601(String timestamp) {
    assertThat(read("{\"id\":\"x\",\"text\":\"t\",\"timestamp\":" + timestamp + "}").getTimestamp())
        .isEqualTo(Instant.ofEpochMilli(1_790_000_000_123L));
  }

  @Test
  void requestsMayUseTheNamesOfTheHttpApi() {
    GenerationRequest request =
        request(
            "{\"request_id\":\"r\",\"messages\":[{\"role\":\"user\",\"content\":\"When?\"}],"
                + "\"max_tokens\":5,\"top_p\":1,\"gibbon\":{\"top_k\":2,\"scalingFactor\":0.5}}");

    assertThat(request.getRequestId()).isEqualTo("r");
    assertThat(request.getMaxTokens()).isEqualTo(5);
    assertThat(request.getTopP()).isEqualTo(1.0);
    assertThat(request.getGibbon().getTopK()).isEqualTo(2);
    assertThat(request.getGibbon().getScalingFactor()).isEqualTo(0.5);
    assertThat(request.getMessages().get(0).getContent()).isEqualTo("When?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | id: is missing",
        "{\"id\":\"x\"} | text: is missing",
        "{\"id\":null,\"text\":\"t\"} | id: expected a string or one of the integers, found null",
        "{\"id\":1.0,\"text\":\"t\"} | id: expected a string or one of the integers, found \"1.0\"",
        "{\"id\":true,\"text\":\"t\"} | id: expected a string or one of the integers, found \"true\"",
        "{\"id\":[\"x\"],\"text\":\"t\"} | id: expected a string or one of the integers, found an array",
        "{\"id\":\"x\",\"text\":7} | text: expected a string, found \"7\"",
        "{\"id\":\"x\",\"text\":{\"a\":1}} | text: expected a string, found an object",
        "{\"id\":\"x\",\"txt\":\"t\"} | txt: no such field; a Document has collection, id, title, text, metadata, timestamp",
        "{\"id\":\"x\",\"text\":\"t\",\"metadata\":[]} | metadata: expected an object, found an array",
        "{\"id\":\"x\",\"text\":\"t\",\"metadata\":{\"a\":null}} | metadata.a: expected a string or one of the scalars, found null",
        "{\"id\":\"x\",\"text\":\"t\",\"metadata\":{\"a\":{}}} | metadata.a: expected a string or one of the scalars, found an object",
        "{\"id\":\"x\",\"text\":\"t\",\"timestamp\":1.5} | timestamp: expected an integer from -9223372036854775808 to 9223372036854775807, found \"1.5\"",
        "{\"id\":\"x\",\"text\":\"t\",\"timestamp\":\"today\"} | timestamp: expected ISO 8601 with an offset, such as 2026-01-31T12:00:00Z, found the string \"today\"",
        "{\"id\":\"x\",\"text\":\"a\\udc00\"} | text: half a surrogate pair at character 1",
        "{\"schema\":{}} | payload: is missing beside schema",
        "{\"schema\":{},\"payload\":[]} | expected an object, found an array",
        "{\"payload\":{\"id\":\"x\",\"text\":\"t\"},\"id\":1} | id: beside schema and payload, which are an envelope of Connect",
      })
  void errorsNameTheFieldAndWhatWasExpected(String json, String message) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"id\":\"x\",\"id\":\"y\",\"text\":\"t\"} | Duplicate",
        "{\"id\":\"x\",\"text\":\"t\"} {} | something follows",
        "{\"id\":\"x\",\"text\":\"t\"} x | not valid JSON",
        "{\"id\":\"x\",\"text\":\"t\" | not valid JSON",
        "{\"id\":\"x\",\"text\":NaN} | not valid JSON",
        "{'id':'x'} | not valid JSON",
        "{\"id\":\"x\",\"text\":\"a\tb\"} | not valid JSON",
      })
  void jsonThatIsNotJsonIsRefused(String json, String part) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining(part);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"requestId\":\"r\",\"maxTokens\":2147483648} | maxTokens: expected an integer from -2147483648 to 2147483647, found \"2147483648\"",
        "{\"requestId\":\"r\",\"maxTokens\":1,\"max_tokens\":2} | max_tokens: is given twice",
        "{\"requestId\":\"r\",\"temperature\":1e999} | temperature: expected a number, found \"1e999\"",
        "{\"requestId\":\"r\",\"messages\":[{\"role\":\"user\"}]} | messages[0].content: is missing",
        "{\"requestId\":\"r\",\"stop\":[\"a\",1]} | stop[1]: expected a string, found \"1\"",
        "{\"requestId\":\"r\",\"gibbon\":{\"attribution\":\"yes\"}} | gibbon.attribution: expected true or false, found the string \"yes\"",
        "{\"requestId\":\"r\",\"gibbon\":7} | gibbon: expected an object, found \"7\"",
      })
  void nestedErrorsGiveThePath(String json, String message) {
    assertThatThrownBy(() -> request(json))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"+999999999-01-01T00:00:00Z", "-999999999-01-01T00:00:00Z"})
  void timesBeyond64BitsOfMillisecondsAreRefused(String time) {
    assertThatThrownBy(() -> read("{\"id\":\"x\",\"text\":\"a\",\"timestamp\":\"" + time + "\"}"))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageStartingWith("timestamp: expected a time whose milliseconds");
  }

  @Test
  void deepNestingIsRefused() {
    String deep = "[".repeat(100_000);

    assertThatThrownBy(() -> read("{\"schema\":" + deep))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("nesting depth");
  }

  @Test
  void aTextOf50MegabytesIsRefusedWithTheLimit() {
    String json = "{\"id\":\"x\",\"text\":\"" + "a".repeat(50_000_000) + "\"}";

    assertThatThrownBy(() -> read(json))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage("text: 50,000,000 characters, the limit is 16,777,216");
  }

  @Test
  void nulAndOtherControlCharactersOfTextAreKept() {
    assertThat(read("{\"id\":\"x\",\"text\":\"a\\u0000\\u0007\"}").getText())
        .isEqualTo("a\u0000\u0007");
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    byte[] bytes = "{\"id\":\"x\",\"text\":\"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);

    assertThatThrownBy(() -> RecordSerde.of(Document.class).deserializer().deserialize("t", bytes))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage("text that is not UTF-8");
  }

  @Test
  void messagesHaveNoLineBreaksOfTheRecord() {
    assertThatThrownBy(() -> read("{\"a\\nb\\u001b[31m\":1}"))
        .hasMessageStartingWith("a\\u000ab\\u001b[31m: no such field");
  }
}
