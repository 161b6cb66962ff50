package io.gibbon.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.DocumentState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records that can never be documents go to the dead letters, and the partition goes on. */
class BadInputTest {

  @TempDir Path stateDir;

  private TopologyHarness harness;

  @BeforeEach
  void start() {
    harness =
        new TopologyHarness(
            stateDir, new ScriptedEncoder(), Map.of("max-document-bytes", "100000"));
  }

  @AfterEach
  void stop() {
    harness.close();
  }

  static Stream<Arguments> badRecords() {
    return Stream.of(
        Arguments.of("JSON cut off", "k", "{\"id\":\"1\",\"text\":\"a", "JSON"),
        Arguments.of("not a record", "k", "hello", "neither"),
        Arguments.of("no id", "k", "{\"text\":\"a\"}", "id"),
        Arguments.of("empty id", "k", "{\"id\":\"\",\"text\":\"a\"}", "id"),
        Arguments.of("empty text", "k", "{\"id\":\"1\",\"text\":\"\"}", "text"),
        Arguments.of("white space", "k", "{\"id\":\"1\",\"text\":\" \\n\\t \"}", "text"),
        Arguments.of("lone surrogate", "k", "{\"id\":\"1\",\"text\":\"\\ud800\"}", "surrogate"),
        Arguments.of("slash", "k", "{\"collection\":\"a/b\",\"id\":\"1\",\"text\":\"a\"}", "slash"),
        Arguments.of("Avro cut off in its header", "k", "\u00c3\u0001garbage", "header"),
        Arguments.of(
            "unknown schema id", "k", "\u0000\u0000\u0000\u0000\u0001abc", "no schema registry"),
        Arguments.of(
            "time out of range",
            "k",
            "{\"id\":\"1\",\"text\":\"a\",\"timestamp\":\"+999999999-01-01T00:00:00Z\"}",
            "timestamp"),
        Arguments.of("empty value", "k", "", "neither"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badRecords")
  void badRecordsBecomeDeadLetters(String name, String key, String value, String reason) {
    byte[] bytes =
        value.getBytes(
            value.startsWith("\u00c3") ? java.nio.charset.StandardCharsets.ISO_8859_1 : UTF_8);
    harness.documents.pipeInput(new TestRecord<>(key.getBytes(UTF_8), bytes));
    harness.produce("after", "good");
    harness.settle();

    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(dead.key()).isEqualTo(key.getBytes(UTF_8));
    assertThat(dead.value()).isEqualTo(bytes);
    assertThat(header(dead, DeadLetterHeaders.REASON)).contains(reason).doesNotContain("Exception");
    assertThat(header(dead, DeadLetterHeaders.TOPIC)).isEqualTo("documents");
    assertThat(header(dead, DeadLetterHeaders.PARTITION)).isEqualTo("0");
    assertThat(header(dead, DeadLetterHeaders.OFFSET)).isEqualTo("0");
    assertThat(harness.deadLetters.isEmpty()).isTrue();
    assertThat(harness.stored("after").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.topology.metrics().deadLetters.sum()).isEqualTo(1);
  }

  @Test
  void aTombstoneWithoutKeyIsADeadLetter() {
    harness.documents.pipeInput(new TestRecord<>((byte[]) null, (byte[]) null));

    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(dead.value()).isNull();
    assertThat(header(dead, DeadLetterHeaders.REASON)).contains("key");
  }

  @Test
  void avroCutOffBehindItsHeaderIsADeadLetter() {
    byte[] whole = TopologyHarness.bytes(TopologyHarness.document("c", "1", "some text"));
    byte[] broken = Arrays.copyOf(whole, whole.length - 8);
    harness.documents.pipeInput(new TestRecord<>((byte[]) null, broken));

    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(dead.value()).isEqualTo(broken);
    assertThat(header(dead, DeadLetterHeaders.REASON))
        .isNotBlank()
        .doesNotContain("header")
        .doesNotContain("Exception");
    assertThat(harness.stored("1")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"payload\":null}", "{\"schema\":null,\"payload\":null}"})
  void anEnvelopeAroundNullDeletesLikeATombstone(String tombstone) {
    harness.produce("1", "some text");
    harness.settle();
    harness.documents.pipeInput(new TestRecord<>("c/1".getBytes(UTF_8), tombstone.getBytes(UTF_8)));
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.DELETED);
    assertThat(harness.deadLetters.isEmpty()).isTrue();
  }

  @Test
  void aTimestampTooFarAheadIsADeadLetter() {
    harness.produceAt(
        TopologyHarness.START.plus(Duration.ofHours(2)),
        TopologyHarness.document("c", "1", "from the future"));

    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(header(dead, DeadLetterHeaders.REASON)).contains("timestamp").contains("3600000");
    assertThat(dead.getRecordTime())
        .as("brokers refuse the future")
        .isEqualTo(TopologyHarness.START);
    assertThat(harness.stored("1")).isNull();
  }

  @Test
  void aDocumentThatInternalTopicsCannotTakeIsADeadLetterCutShort() {
    harness.produce("1", "a".repeat(200_000));

    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(header(dead, DeadLetterHeaders.REASON)).contains("100,000");
    assertThat(dead.value()).hasSize(100_000);
    assertThat(Integer.parseInt(header(dead, DeadLetterHeaders.TRUNCATED_FROM)))
        .isGreaterThan(200_000);
  }

  @Test
  void theSchemaRegistryThatIsConfiguredIsAsked(@TempDir Path other) {
    try (SwitchedRegistry registry = new SwitchedRegistry();
        TopologyHarness asking =
            new TopologyHarness(
                other, new ScriptedEncoder(), Map.of("schema-registry-urls", registry.url()))) {
      byte[] record =
          SwitchedRegistry.framed("{\"collection\":\"c\",\"id\":\"1\",\"text\":\"some text\"}");
      asking.documents.pipeInput(new TestRecord<>((byte[]) null, record));
      asking.settle();

      assertThat(asking.deadLetters.isEmpty()).isTrue();
      assertThat(asking.stored("1").getText()).isEqualTo("some text");
    }
  }

  @Test
  void usersHeadersAreKept() {
    TestRecord<byte[], byte[]> record = new TestRecord<>(null, "nonsense".getBytes(UTF_8));
    record.headers().add("trace", "abc".getBytes(UTF_8));
    record.headers().add(DeadLetterHeaders.OFFSET, "forged".getBytes(UTF_8));
    harness.documents.pipeInput(record);

    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(header(dead, "trace")).isEqualTo("abc");
    assertThat(header(dead, DeadLetterHeaders.OFFSET)).isEqualTo("0");
  }

  private static String header(TestRecord<byte[], byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }
}
