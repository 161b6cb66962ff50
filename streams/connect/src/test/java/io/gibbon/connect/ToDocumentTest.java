package io.gibbon.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.Document;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ToDocumentTest {

  private static final Instant WHEN = Instant.ofEpochMilli(1_790_000_000_123L);

  private static final Schema AUTHOR =
      SchemaBuilder.struct().field("name", Schema.OPTIONAL_STRING_SCHEMA).build();

  private static final Schema ROW =
      SchemaBuilder.struct()
          .field("id", Schema.INT64_SCHEMA)
          .field("topic", Schema.STRING_SCHEMA)
          .field("headline", Schema.OPTIONAL_STRING_SCHEMA)
          .field("body", Schema.OPTIONAL_STRING_SCHEMA)
          .field("author", AUTHOR)
          .field("stars", Schema.FLOAT64_SCHEMA)
          .field("changed", Timestamp.SCHEMA)
          .field("raw", Schema.BYTES_SCHEMA)
          .build();

  private static Struct row() {
    return new Struct(ROW)
        .put("id", 7L)
        .put("topic", "island")
        .put("headline", "Ferry")
        .put("body", "The ferry leaves at 7:40.")
        .put("author", new Struct(AUTHOR).put("name", "harbour"))
        .put("stars", 4.5)
        .put("changed", Date.from(WHEN))
        .put("raw", new byte[2]);
  }

  private static Map<String, Object> map() {
    Map<String, Object> map = new HashMap<>();
    map.put("id", 7L);
    map.put("topic", "island");
    map.put("headline", "Ferry");
    map.put("body", "The ferry leaves at 7:40.");
    map.put("author", Map.of("name", "harbour"));
    map.put("stars", 4.5);
    map.put("changed", WHEN.toString());
    return map;
  }

  private static SourceRecord record(Schema keySchema, Object key, Object value) {
    return new SourceRecord(
        Map.of("filename", "/data/a.txt"),
        Map.of("position", 120L),
        "docs",
        null,
        keySchema,
        key,
        value instanceof Struct struct ? struct.schema() : null,
        value);
  }

  private static <R extends ConnectRecord<R>> R apply(R record, String... settings) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      map.put(settings[i], settings[i + 1]);
    }
    try (ToDocument<R> transform = new ToDocument<>()) {
      transform.configure(map);
      return transform.apply(record);
    }
  }

  private static Document document(ConnectRecord<?> record) {
    assertThat(record.valueSchema()).isEqualTo(DocumentStruct.SCHEMA);
    ((Struct) record.value()).validate();
    return DocumentStruct.toDocument((Struct) record.value());
  }

  static Stream<Object> values() {
    return Stream.of(row(), map());
  }

  @ParameterizedTest
  @MethodSource("values")
  void everyFieldComesFromWhereTheSettingsSay(Object value) {
    SourceRecord result =
        apply(
            record(null, null, value),
            "collection.field",
            "topic",
            "id.field",
            "id",
            "title.field",
            "value.headline",
            "text.field",
            "body",
            "metadata.fields",
            "author.name, stars:rating",
            "timestamp.field",
            "changed");

    assertThat(document(result))
        .isEqualTo(
            new Document(
                "island",
                "7",
                "Ferry",
                "The ferry leaves at 7:40.",
                Map.of("name", "harbour", "rating", "4.5"),
                WHEN));
    assertThat(result.key()).isEqualTo("island/7");
    assertThat(result.keySchema()).isEqualTo(Schema.STRING_SCHEMA);
    assertThat(result.topic()).isEqualTo("docs");
    assertThat(result.sourceOffset()).isEqualTo(Map.of("position", 120L));
  }

  @Test
  void aLineOfAFileBecomesADocument() {
    SourceRecord result =
        apply(
            record(null, null, "A line."),
            "collection",
            "files",
            "id.template",
            "${source.filename}@${position.position}");

    assertThat(document(result))
        .isEqualTo(new Document("files", "/data/a.txt@120", "", "A line.", Map.of(), null));
    assertThat(result.key()).isEqualTo("files//data/a.txt@120");
  }

  @Test
  void sinkRecordsHaveTheirKafkaCoordinates() {
    SinkRecord record = new SinkRecord("notes", 3, null, null, null, "A note.", 99);

    assertThat(apply(record, "id.template", "${topic}-${partition}-${offset}").key())
        .isEqualTo("default/notes-3-99");
  }

  @Test
  void nullsInOptionalPlacesAreLeftOut() {
    Struct row = row().put("headline", null).put("author", new Struct(AUTHOR).put("name", null));

    Document document =
        document(
            apply(
                record(null, null, row),
                "id.field",
                "id",
                "text.field",
                "body",
                "title.field",
                "headline",
                "metadata.fields",
                "author.name"));

    assertThat(document.getTitle()).isEmpty();
    assertThat(document.getMetadata()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "key.id"})
  void aTombstoneKeepsItsKey(String path) {
    Schema schema = SchemaBuilder.struct().field("id", Schema.INT32_SCHEMA).build();
    SourceRecord result =
        apply(
            record(schema, new Struct(schema).put("id", 7), null),
            "collection",
            "island",
            "id.field",
            path);

    assertThat(result.key()).isEqualTo("island/7");
    assertThat(result.value()).isNull();
    assertThat(result.valueSchema()).isNull();
  }

  @Test
  void aTombstonesPlainKeyIsTheId() {
    assertThat(apply(record(Schema.INT64_SCHEMA, 7L, null), "id.field", "id").key())
        .isEqualTo("default/7");
    assertThat(apply(record(null, Map.of("id", "a"), null), "id.template", "row-${value.id}").key())
        .isEqualTo("default/row-a");
    assertThatThrownBy(() -> apply(record(null, null, null), "id.field", "id"))
        .isInstanceOf(DataException.class)
        .hasMessage("id: id is not in the key of a record without value");
  }

  @Test
  void wholeDecimalsAreIds() {
    assertThat(apply(record(null, new BigDecimal("1E+3"), "t"), "id.field", "key").key())
        .isEqualTo("default/1000");
    assertThatThrownBy(() -> apply(record(null, new BigDecimal("1.5"), "t"), "id.field", "key"))
        .isInstanceOf(DataException.class)
        .hasMessage("id: expected a string or an integer, found 1.5");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id.field | nope | field nope of path nope is not in the record's schema",
        "id.field | author.nope | field nope of path author.nope is not in the record's schema",
        "id.field | id.nope | path id.nope looks for field nope in a Long, which has no fields",
        "id.field | stars | id: expected a string or an integer, found 4.5",
        "id.field | raw | id: expected a string or an integer, found a byte[]",
        "id.field | key | id: key is null or missing",
        "text.field | id | text: expected a string, found 7",
        "text.field | value | text: expected a string, found a Struct",
        "title.field | id | title: expected a string, found 7",
        "collection.field | id | collection: expected a string, found 7",
        "collection.field | body | collection: ",
        "metadata.fields | raw | metadata.raw: expected a string, number, boolean or timestamp",
        "timestamp.field | body | timestamp: expected ISO 8601",
        "timestamp.field | stars | timestamp: expected a timestamp",
      })
  void aRecordThatDoesNotFitIsRefusedByField(String setting, String path, String message) {
    Map<String, String> settings = new HashMap<>(Map.of("id.field", "id", "text.field", "body"));
    settings.put(setting, path);
    Struct row = row().put("body", "a/b");
    String[] flat =
        settings.entrySet().stream()
            .flatMap(e -> Stream.of(e.getKey(), e.getValue()))
            .toArray(String[]::new);

    assertThatThrownBy(() -> apply(record(null, null, row), flat))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void anIdThatIsNoNameIsRefused() {
    assertThatThrownBy(() -> apply(record(null, "a\nb", "t"), "id.field", "key"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("id: has a control character");
    assertThatThrownBy(() -> apply(record(null, null, "t"), "id.template", "${topic}-${partition}"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no value for ${partition}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id.field=a;id.template=${topic} | Give either id.field or id.template",
        "text.field=a | Give either id.field or id.template",
        "id.field=a;collection=c;collection.field=d | Give either collection or collection.field",
        "id.field=a..b | not field names with dots between them",
        "id.template=fixed | has no variable",
        "id.template=${tpic} | has an unknown variable ${tpic}",
        "id.field=a;collection=x/y | collection: has a slash",
        "id.field=a;metadata.fields=b,c.b | b is given twice",
        "id.field=a;metadata.fields=b: | an empty name",
      })
  void settingsThatCannotWorkAreRefused(String settings, String message) {
    String[] flat =
        Stream.of(settings.split(";"))
            .flatMap(s -> Stream.of(s.split("=", 2)))
            .toArray(String[]::new);

    assertThatThrownBy(() -> apply(record(null, null, "t"), flat))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void everySettingIsDocumented() {
    try (ToDocument<SourceRecord> transform = new ToDocument<>()) {
      assertThat(transform.config().configKeys().values())
          .allSatisfy(key -> assertThat(key.documentation).isNotBlank());
      assertThat(transform.config().names())
          .isEqualTo(
              Set.of(
                  "collection",
                  "collection.field",
                  "id.field",
                  "id.template",
                  "title.field",
                  "text.field",
                  "metadata.fields",
                  "timestamp.field"));
    }
  }

  @Test
  void theConverterWritesAvroAndReadsAnyFormat() {
    DocumentConverter converter = new DocumentConverter();
    converter.configure(Map.of(), false);
    SourceRecord record = apply(record(null, "x", "hello"), "id.field", "key");

    byte[] bytes = converter.fromConnectData("docs", record.valueSchema(), record.value());

    assertThat(bytes).startsWith(0xC3, 0x01);
    assertThat(converter.toConnectData("docs", bytes).value()).isEqualTo(record.value());
    assertThat(
            converter
                .toConnectData(
                    "docs", "{\"id\":\"x\",\"text\":\"hello\"}".getBytes(StandardCharsets.UTF_8))
                .value())
        .isEqualTo(record.value());
    assertThat(converter.fromConnectData("docs", null, null)).isNull();
    assertThat(converter.toConnectData("docs", null).value()).isNull();
  }

  @Test
  void aRegistryThatIsAwayIsWorthAnotherTry() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    DocumentConverter converter = new DocumentConverter();
    converter.configure(Map.of("registry.urls", "http://127.0.0.1:" + free), false);
    SourceRecord record = apply(record(null, "x", "hello"), "id.field", "key");

    assertThatThrownBy(
            () -> converter.fromConnectData("docs", record.valueSchema(), record.value()))
        .isInstanceOf(RetriableException.class);
  }

  @Test
  void theConverterRefusesWhatIsNoDocument() {
    DocumentConverter converter = new DocumentConverter();

    assertThatThrownBy(() -> converter.fromConnectData("t", Schema.STRING_SCHEMA, "x"))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("ToDocument");
    assertThatThrownBy(() -> converter.toConnectData("t", new byte[] {1}))
        .isInstanceOf(DataException.class);
    assertThatThrownBy(() -> converter.configure(Map.of(), true))
        .isInstanceOf(ConfigException.class);
    assertThatThrownBy(
            () -> converter.configure(Map.of("registry.urls", List.of("ftp://x")), false))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("not an http or https address");
  }
}
