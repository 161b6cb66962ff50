package io.gibbon.connect;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Date;
import org.apache.kafka.connect.errors.DataException;

/** Values of Connect as the types of a document; what would lose something is refused. */
final class Texts {

  private Texts() {}

  /** A string, or an integer of any size. */
  static String id(String field, Object value) {
    if (value instanceof BigDecimal decimal && decimal.scale() <= 0) {
      return decimal.toPlainString();
    }
    if (value instanceof String
        || value instanceof Byte
        || value instanceof Short
        || value instanceof Integer
        || value instanceof Long) {
      return value.toString();
    }
    throw wrong(field, "a string or an integer", value);
  }

  /** A string and nothing else. */
  static String string(String field, Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw wrong(field, "a string", value);
  }

  /** A string, number, boolean or point in time (as ISO 8601). */
  static String label(String field, Object value) {
    if (value instanceof Date date) {
      return date.toInstant().toString();
    }
    if (value instanceof BigDecimal decimal) {
      return decimal.toPlainString();
    }
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    throw wrong(field, "a string, number, boolean or timestamp", value);
  }

  /** A timestamp of Connect, milliseconds since the epoch, or ISO 8601 with an offset. */
  static Instant timestamp(String field, Object value) {
    if (value instanceof Date date) {
      return date.toInstant();
    }
    if (value instanceof Long millis) {
      return Instant.ofEpochMilli(millis);
    }
    if (value instanceof String text) {
      try {
        return OffsetDateTime.parse(text).toInstant();
      } catch (DateTimeException e) {
        throw wrong(field, "ISO 8601 with an offset, such as 2026-01-31T12:00:00Z", text);
      }
    }
    throw wrong(field, "a timestamp, milliseconds in 64 bits, or ISO 8601", value);
  }

  private static DataException wrong(String field, String expected, Object value) {
    String found =
        value instanceof String || value instanceof Number || value instanceof Boolean
            ? shortened(value.toString())
            : "a " + value.getClass().getSimpleName();
    return new DataException(field + ": expected " + expected + ", found " + found);
  }

  private static String shortened(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }
}
