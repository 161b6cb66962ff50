package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.Document;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordSerdeTest {

  private static final RecordSerde<Document> DOCUMENTS = RecordSerde.of(Document.class);

  @SuppressWarnings("unchecked")
  private static RecordSerde<SpecificRecord> serde(SpecificRecord record, RecordFormat format) {
    return RecordSerde.of(
        (Class<SpecificRecord>) record.getClass(), SerdeOptions.DEFAULT.withFormat(format));
  }

  private static Document read(byte[] bytes) {
    return DOCUMENTS.deserializer().deserialize("t", bytes);
  }

  private static byte[] write(Document document) {
    return DOCUMENTS.serializer().serialize("t", document);
  }

  @ParameterizedTest
  @MethodSource("io.gibbon.schemas.serde.Examples#records")
  void everyRecordComesBackFromAvro(SpecificRecord record) {
    RecordSerde<SpecificRecord> serde = serde(record, RecordFormat.AVRO);
    byte[] bytes = serde.serializer().serialize("t", record);

    assertThat(bytes).startsWith(0xC3, 0x01);
    assertThat(serde.deserializer().deserialize("t", bytes)).isEqualTo(record);
  }

  @ParameterizedTest
  @MethodSource("io.gibbon.schemas.serde.Examples#records")
  void everyRecordComesBackFromJson(SpecificRecord record) {
    RecordSerde<SpecificRecord> serde = serde(record, RecordFormat.JSON);
    byte[] bytes = serde.serializer().serialize("t", record);

    assertThat(new String(bytes, StandardCharsets.UTF_8)).startsWith("{");
    assertThat(serde.deserializer().deserialize("t", bytes)).isEqualTo(record);
  }

  @Test
  void avrosOwnDecoderReadsWhatWeWrite() throws Exception {
    BinaryMessageDecoder<Document> avro =
        new BinaryMessageDecoder<>(GibbonData.INSTANCE, Document.SCHEMA$);

    assertThat(avro.decode(write(Examples.document()))).isEqualTo(Examples.document());
  }

  @Test
  void tombstonesStayTombstones() {
    assertThat(write(null)).isNull();
    assertThat(read(null)).isNull();
  }

  @Test
  void hostsNeedNotTrustOurPackage() {
    assertThat(System.getProperty("org.apache.avro.SERIALIZABLE_PACKAGES")).isNull();
    assertThat(read(write(Examples.document()))).isInstanceOf(Document.class);
  }

  @Test
  void everyCutOffRecordIsRefused() {
    byte[] bytes = write(Examples.document());
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> read(cut)).isInstanceOf(InvalidRecordException.class);
    }
  }

  @Test
  void bytesBehindARecordAreRefused() {
    byte[] bytes = write(Examples.document());

    assertThatThrownBy(() -> read(Arrays.copyOf(bytes, bytes.length + 3)))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("3 bytes behind the end");
  }

  @Test
  void anyChangedByteGivesARecordOrAnInvalidRecordException() {
    Random random = new Random(7);
    byte[] bytes = write(Examples.document());
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = bytes.clone();
      for (int n = random.nextInt(3); n >= 0; n--) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
      }
      try {
        read(changed);
      } catch (InvalidRecordException expected) {
        assertThat(expected.getMessage()).isNotEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {Integer.MAX_VALUE, Integer.MAX_VALUE - 8, 1L << 40, Long.MAX_VALUE, -1, -9})
  void aLengthThatLiesCostsNoMemory(long length) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(Arrays.copyOf(write(Examples.document()), Framing.SINGLE_OBJECT_HEADER));
    long zigzag = (length << 1) ^ (length >> 63);
    for (; (zigzag & ~0x7FL) != 0; zigzag >>>= 7) {
      bytes.write((int) (zigzag & 0x7F) | 0x80);
    }
    bytes.write((int) zigzag);

    assertThatThrownBy(() -> read(bytes.toByteArray()))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("bytes are left");
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    byte[] bytes = write(Examples.document());
    int text = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("island");
    bytes[text] = (byte) 0xED;
    bytes[text + 1] = (byte) 0xA0;
    bytes[text + 2] = (byte) 0x80;

    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("not UTF-8");
  }

  @Test
  void aSchemaThatWasNeverReleasedIsRefused() {
    byte[] bytes = write(Examples.document());
    ByteBuffer.wrap(bytes).putLong(2, 0x1122334455667788L);

    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("fingerprint 8877665544332211");
  }

  @Test
  void registryFormatNeedsARegistry() {
    assertThatThrownBy(() -> read(new byte[] {0, 0, 0, 0, 9, 1}))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("schema id 9")
        .hasMessageContaining("no schema registry is configured");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "hello", "[1]", "\"text\"", "\u0001", "\ufeff", "42"})
  void whatIsNeitherAvroNorJsonIsRefused(String text) {
    assertThatThrownBy(() -> read(text.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("neither");
  }

  @Test
  void halfASurrogatePairIsNeverWritten() {
    Document document = Examples.document();
    document.setText("a\ud800b");

    assertThatThrownBy(() -> write(document))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage("text: half a surrogate pair at character 1");
  }

  @Test
  void limitsNameTheFieldAndTheNumbers() {
    RecordSerde<Document> small =
        RecordSerde.of(Document.class, SerdeOptions.DEFAULT.withLimits(new Limits(100, 10)));
    Document document = Examples.document();
    document.setText("12345678901");
    byte[] bytes = write(document);

    assertThatThrownBy(() -> small.serializer().serialize("t", document))
        .hasMessage("id: 17 characters, the limit is 10");
    document.setId("x");
    assertThatThrownBy(() -> small.deserializer().deserialize("t", write(document)))
        .hasMessage("text: 11 characters, the limit is 10");
    assertThatThrownBy(() -> small.deserializer().deserialize("t", Arrays.copyOf(bytes, 101)))
        .hasMessage("a record of 101 bytes, the limit is 100");
  }

  @Test
  void aRecordWithoutAnIdIsNotWritten() {
    assertThatThrownBy(() -> write(new Document("c", null, "", "text", java.util.Map.of(), null)))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("id");
  }
}
