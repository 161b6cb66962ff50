package io.gibbon.schemas.serde;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes records as plain JSON: Avro's field names, enums by symbol, bytes in Base64, timestamps in
 * milliseconds since the epoch; null fields are left out.
 */
final class JsonRecordWriter {

  private static final JsonFactory JSON = new JsonFactory();

  private JsonRecordWriter() {}

  /**
   * UTF-8 bytes of the JSON object.
   *
   * @throws InvalidRecordException if a field that needs a value has none, or a number is not
   *     finite
   */
  static byte[] write(IndexedRecord record) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      object(json, "", record);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static void object(JsonGenerator json, String path, IndexedRecord record)
      throws IOException {
    json.writeStartObject();
    for (Schema.Field field : record.getSchema().getFields()) {
      Object value = record.get(field.pos());
      String child = Paths.child(path, field.name());
      if (value != null) {
        json.writeFieldName(field.name());
        value(json, child, value);
      } else if (!field.schema().isNullable()) {
        throw InvalidRecordException.of(child, "has no value");
      }
    }
    json.writeEndObject();
  }

  private static void value(JsonGenerator json, String path, @Nullable Object value)
      throws IOException {
    if (value instanceof IndexedRecord record) {
      object(json, path, record);
    } else if (value instanceof Collection<?> items) {
      json.writeStartArray();
      for (Object item : items) {
        value(json, path, item);
      }
      json.writeEndArray();
    } else if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        json.writeFieldName((String) entry.getKey());
        value(json, path, entry.getValue());
      }
      json.writeEndObject();
    } else {
      scalar(json, path, value);
    }
  }

  private static void scalar(JsonGenerator json, String path, @Nullable Object value)
      throws IOException {
    if (value instanceof String text) {
      json.writeString(text);
    } else if (value instanceof Integer number) {
      json.writeNumber(number);
    } else if (value instanceof Long number) {
      json.writeNumber(number);
    } else if (value instanceof Double number && Double.isFinite(number)) {
      json.writeNumber(number);
    } else if (value instanceof Boolean bool) {
      json.writeBoolean(bool);
    } else if (value instanceof Enum<?> symbol) {
      json.writeString(symbol.toString());
    } else if (value instanceof Instant instant) {
      json.writeNumber(instant.toEpochMilli());
    } else if (value instanceof ByteBuffer bytes) {
      byte[] copy = new byte[bytes.remaining()];
      bytes.duplicate().get(copy);
      json.writeBinary(copy);
    } else {
      throw InvalidRecordException.of(path, "JSON cannot hold " + value);
    }
  }
}
