package io.gibbon.schemas.serde;

import io.gibbon.schemas.Document;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;

/** Records with every field filled, made from their schemas. */
final class Examples {

  private static final Path SOURCES = Path.of("src/main/avro");

  private Examples() {}

  /** A document with text that is easy to get wrong. */
  static Document document() {
    return new Document(
        "island",
        "ferry/north#1 \u00e9\ud83d\udea2",
        "Ferry",
        "The ferry leaves at 7:40.\u0000\u2028",
        Map.of("author", "harbour", "year", "2031"),
        Instant.ofEpochMilli(1_790_000_000_123L));
  }

  /** An example of every record that has a schema file of its own. */
  static Stream<SpecificRecord> records() throws IOException {
    return schemas().map(schema -> (SpecificRecord) example(schema, 1));
  }

  /** The current schema of every record that has a schema file of its own. */
  static Stream<Schema> schemas() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      List<Schema> schemas =
          files
              .map(file -> file.getFileName().toString().replace(".avsc", ""))
              .sorted()
              .map(Examples::generated)
              .filter(schema -> schema.getType() == Schema.Type.RECORD)
              .toList();
      return schemas.stream();
    }
  }

  private static Schema generated(String name) {
    try {
      Class<?> type = Class.forName(Document.class.getPackageName() + "." + name);
      return (Schema) type.getField("SCHEMA$").get(null);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(name, e);
    }
  }

  private static Object example(Schema schema, int seed) {
    return switch (schema.getType()) {
      case RECORD -> {
        SpecificRecord record = (SpecificRecord) GibbonData.INSTANCE.newRecord(null, schema);
        schema
            .getFields()
            .forEach(f -> record.put(f.pos(), example(f.schema(), seed * 31 + f.pos())));
        yield record;
      }
      case UNION -> example(schema.getTypes().get(1), seed);
      case ENUM ->
          GibbonData.INSTANCE.createEnum(
              schema.getEnumSymbols().get(seed % schema.getEnumSymbols().size()), schema);
      case ARRAY ->
          List.of(
              example(schema.getElementType(), seed), example(schema.getElementType(), seed + 1));
      case MAP -> Map.of("\u00e9", example(schema.getValueType(), seed));
      case STRING -> "text \ud83d\udea2 " + seed;
      case BYTES -> ByteBuffer.wrap(new byte[] {0, -1, 127, (byte) seed});
      case INT -> -seed;
      case LONG ->
          schema.getLogicalType() == null
              ? (Object) (seed * 1_000_000_000_000L)
              : Instant.ofEpochMilli(1_790_000_000_000L + seed);
      case DOUBLE -> seed / 8.0;
      case BOOLEAN -> true;
      default -> throw new IllegalStateException("no example for " + schema);
    };
  }
}
