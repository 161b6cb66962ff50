package io.gibbon.schemas.serde;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads records from JSON as strictly as from Avro: a field the schema does not have, a field given
 * twice, a missing field without default and a value of another type are errors. Fields go by their
 * names or aliases; null stands for a field's default. A string field marked {@code json-literals}
 * in its schema also takes JSON integers, or numbers and booleans, as they are written.
 *
 * <p>Connect's envelope {@code {"schema": ..., "payload": ...}} is taken off first; the schema in
 * it says nothing that ours does not say better.
 */
final class JsonRecordReader {

  private static final int MAX_DEPTH = 100;
  private static final char BYTE_ORDER_MARK = '\uFEFF';
  private static final String LITERALS = "json-literals";

  private static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final JsonParser json;

  private JsonRecordReader(JsonParser json) {
    this.json = json;
  }

  /**
   * Reads one record and nothing behind it.
   *
   * @return the record, or null if it is an envelope around null, Connect's tombstone
   * @throws InvalidRecordException naming the field at fault
   */
  static @Nullable SpecificRecord read(Schema schema, CharBuffer text) {
    return parse(
        text,
        reader ->
            reader.json.currentToken() == JsonToken.VALUE_NULL ? null : reader.record(schema, ""));
  }

  /**
   * Reads a key and nothing behind it: a record, or a string or integer that stands alone.
   *
   * @return a record of the schema, or a string
   * @throws InvalidRecordException naming the field at fault
   */
  static Object readKey(Schema schema, CharBuffer text) {
    return parse(
        text,
        reader -> reader.atObject() ? reader.record(schema, "") : reader.string("", "integers"));
  }

  private interface Step<R extends @Nullable Object> {
    R read(JsonRecordReader reader) throws IOException;
  }

  private static <R extends @Nullable Object> R parse(CharBuffer text, Step<R> step) {
    int start = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
    try (JsonParser json =
        JSON.createParser(
            text.array(), text.arrayOffset() + text.position() + start, text.length() - start)) {
      if (json.nextToken() == null) {
        throw InvalidRecordException.of("no JSON value");
      }
      JsonRecordReader reader = new JsonRecordReader(json);
      R result = reader.insideEnvelope(step);
      if (json.nextToken() != null) {
        throw InvalidRecordException.of("something follows the JSON value");
      }
      return result;
    } catch (JsonProcessingException e) {
      throw notJson(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InvalidRecordException notJson(JsonProcessingException e) {
    JsonLocation at = e.getLocation();
    String place =
        at == null ? "" : " (line %d, column %d)".formatted(at.getLineNr(), at.getColumnNr());
    return InvalidRecordException.of("not valid JSON" + place + ": " + e.getOriginalMessage(), e);
  }

  /** Reads the value that the parser stands on, or the payload if that is an envelope. */
  private <R extends @Nullable Object> R insideEnvelope(Step<R> step) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      return step.read(this);
    }
    JsonToken first = json.nextToken();
    String name = first == JsonToken.FIELD_NAME ? json.currentName() : "";
    return name.equals("schema") || name.equals("payload") ? payload(step) : step.read(this);
  }

  private <R extends @Nullable Object> R payload(Step<R> step) throws IOException {
    List<R> payload = new ArrayList<>(1);
    for (; json.currentToken() == JsonToken.FIELD_NAME; json.nextToken()) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "schema" -> json.skipChildren();
        case "payload" -> payload.add(step.read(this));
        default ->
            throw InvalidRecordException.of(
                name, "beside schema and payload, which are an envelope of Connect");
      }
    }
    if (payload.isEmpty()) {
      throw InvalidRecordException.of("payload", "is missing beside schema");
    }
    return payload.get(0);
  }

  private boolean atObject() {
    return switch (json.currentToken()) {
      case START_OBJECT, FIELD_NAME, END_OBJECT -> true;
      default -> false;
    };
  }

  /** Reads an object from its brace, or from its first field where that was looked at already. */
  private SpecificRecord record(Schema schema, String path) throws IOException {
    if (!atObject()) {
      throw expected("an object", path);
    }
    if (json.currentToken() == JsonToken.START_OBJECT) {
      json.nextToken();
    }
    SpecificRecord record = (SpecificRecord) GibbonData.INSTANCE.newRecord(null, schema);
    BitSet given = new BitSet();
    for (; json.currentToken() == JsonToken.FIELD_NAME; json.nextToken()) {
      String child = Paths.child(path, json.currentName());
      Schema.Field field = field(schema, json.currentName(), child);
      if (given.get(field.pos())) {
        throw InvalidRecordException.of(child, "is given twice");
      }
      if (json.nextToken() != JsonToken.VALUE_NULL || !field.hasDefaultValue()) {
        given.set(field.pos());
        record.put(field.pos(), value(field.schema(), child, field.getProp(LITERALS)));
      }
    }
    for (Schema.Field field : schema.getFields()) {
      if (!given.get(field.pos())) {
        record.put(field.pos(), defaultValue(field, Paths.child(path, field.name())));
      }
    }
    return record;
  }

  private static Schema.Field field(Schema schema, String name, String path) {
    Schema.Field field = schema.getField(name);
    if (field != null) {
      return field;
    }
    for (Schema.Field other : schema.getFields()) {
      if (other.aliases().contains(name)) {
        return other;
      }
    }
    throw InvalidRecordException.of(
        path,
        "no such field; a %s has %s"
            .formatted(
                schema.getName(),
                schema.getFields().stream()
                    .map(Schema.Field::name)
                    .collect(Collectors.joining(", "))));
  }

  private static @Nullable Object defaultValue(Schema.Field field, String path) {
    if (!field.hasDefaultValue()) {
      throw InvalidRecordException.of(path, "is missing");
    }
    GibbonData data = GibbonData.INSTANCE;
    return data.deepCopy(field.schema(), data.getDefaultValue(field));
  }

  private @Nullable Object value(Schema schema, String path, @Nullable String literals)
      throws IOException {
    return switch (schema.getType()) {
      case UNION ->
          json.currentToken() == JsonToken.VALUE_NULL
              ? null
              : value(nonNull(schema), path, literals);
      case RECORD -> record(schema, path);
      case ARRAY -> array(schema.getElementType(), path);
      case MAP -> map(schema.getValueType(), path, literals);
      case STRING -> string(path, literals);
      case ENUM -> symbol(schema, path);
      case INT -> (int) integer(path, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case LONG ->
          LogicalTypes.timestampMillis().equals(schema.getLogicalType())
              ? timestamp(path)
              : (Object) integer(path, Long.MIN_VALUE, Long.MAX_VALUE);
      case DOUBLE -> number(path);
      case BOOLEAN -> bool(path);
      case BYTES -> bytes(path);
      default -> throw new IllegalStateException("no JSON form for " + schema);
    };
  }

  private static Schema nonNull(Schema union) {
    return union.getTypes().stream()
        .filter(s -> s.getType() != Schema.Type.NULL)
        .findFirst()
        .orElseThrow();
  }

  private List<@Nullable Object> array(Schema items, String path) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw expected("an array", path);
    }
    List<@Nullable Object> list = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      list.add(value(items, path + "[" + list.size() + "]", null));
    }
    return list;
  }

  private Map<String, @Nullable Object> map(Schema values, String path, @Nullable String literals)
      throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw expected("an object", path);
    }
    Map<String, @Nullable Object> map = new HashMap<>();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      json.nextToken();
      map.put(key, value(values, Paths.child(path, key), literals));
    }
    return map;
  }

  private String string(String path, @Nullable String literals) throws IOException {
    boolean accepted =
        switch (json.currentToken()) {
          case VALUE_STRING -> true;
          case VALUE_NUMBER_INT -> literals != null;
          case VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE -> "scalars".equals(literals);
          default -> false;
        };
    if (!accepted) {
      throw expected(literals == null ? "a string" : "a string or one of the " + literals, path);
    }
    return json.getText();
  }

  private Object symbol(Schema schema, String path) throws IOException {
    String symbol = string(path, null);
    if (schema.hasEnumSymbol(symbol)) {
      return GibbonData.INSTANCE.createEnum(symbol, schema);
    }
    if (schema.getEnumDefault() != null) {
      return GibbonData.INSTANCE.createEnum(schema.getEnumDefault(), schema);
    }
    throw expected("one of " + String.join(", ", schema.getEnumSymbols()), path);
  }

  private long integer(String path, long min, long max) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NUMBER_INT
        && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER
        && json.getLongValue() >= min
        && json.getLongValue() <= max) {
      return json.getLongValue();
    }
    throw expected("an integer from " + min + " to " + max, path);
  }

  private double number(String path) throws IOException {
    if (json.currentToken().isNumeric() && Double.isFinite(json.getDoubleValue())) {
      return json.getDoubleValue();
    }
    throw expected("a number", path);
  }

  private boolean bool(String path) {
    return switch (json.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw expected("true or false", path);
    };
  }

  private ByteBuffer bytes(String path) throws IOException {
    try {
      return ByteBuffer.wrap(Base64.getDecoder().decode(string(path, null)));
    } catch (IllegalArgumentException e) {
      throw expected("Base64", path);
    }
  }

  private Instant timestamp(String path) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      try {
        return Instant.ofEpochMilli(
            OffsetDateTime.parse(json.getText()).toInstant().toEpochMilli());
      } catch (DateTimeParseException e) {
        throw expected("ISO 8601 with an offset, such as 2026-01-31T12:00:00Z", path);
      } catch (ArithmeticException e) {
        throw expected("a time whose milliseconds since 1970 fit in 64 bits", path);
      }
    }
    return Instant.ofEpochMilli(integer(path, Long.MIN_VALUE, Long.MAX_VALUE));
  }

  private InvalidRecordException expected(String what, String path) {
    return InvalidRecordException.of(path, "expected " + what + ", found " + found());
  }

  private String found() {
    try {
      return switch (json.currentToken()) {
        case VALUE_NULL -> "null";
        case START_OBJECT, FIELD_NAME, END_OBJECT -> "an object";
        case START_ARRAY, END_ARRAY -> "an array";
        case VALUE_STRING -> "the string " + Printable.quote(json.getText());
        default -> Printable.quote(json.getText());
      };
    } catch (IOException e) {
      return "something that is not JSON";
    }
  }
}
