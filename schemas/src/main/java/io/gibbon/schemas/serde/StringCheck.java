package io.gibbon.schemas.serde;

import java.util.Collection;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.jspecify.annotations.Nullable;

/**
 * Holds every string of a record to the limit and to well-formed UTF-16: a surrogate without its
 * partner has no UTF-8 form and would silently turn into a question mark.
 */
final class StringCheck {

  private StringCheck() {}

  /**
   * Walks a record.
   *
   * @throws InvalidRecordException naming the first string that is too long or not well-formed
   */
  static void check(IndexedRecord record, int maxLength) {
    record(record, "", maxLength);
  }

  private static void record(IndexedRecord record, String path, int maxLength) {
    for (Schema.Field field : record.getSchema().getFields()) {
      value(record.get(field.pos()), Paths.child(path, field.name()), maxLength);
    }
  }

  private static void value(@Nullable Object value, String path, int maxLength) {
    if (value instanceof String text) {
      string(text, path, maxLength);
    } else if (value instanceof IndexedRecord record) {
      record(record, path, maxLength);
    } else if (value instanceof Map<?, ?> map) {
      map.forEach(
          (key, item) -> {
            string((String) key, Paths.child(path, (String) key), maxLength);
            value(item, Paths.child(path, (String) key), maxLength);
          });
    } else if (value instanceof Collection<?> items && !items.isEmpty() && holdsStrings(items)) {
      int index = 0;
      for (Object item : items) {
        value(item, path + "[" + index++ + "]", maxLength);
      }
    }
  }

  private static boolean holdsStrings(Collection<?> items) {
    return !(items.iterator().next() instanceof Number);
  }

  private static void string(String text, String path, int maxLength) {
    if (text.length() > maxLength) {
      throw InvalidRecordException.of(
          path, "%,d characters, the limit is %,d".formatted(text.length(), maxLength));
    }
    int lone = loneSurrogate(text);
    if (lone >= 0) {
      throw InvalidRecordException.of(
          path, "half a surrogate pair at character %,d".formatted(lone));
    }
  }

  /** Index of the first surrogate without its partner, or -1. */
  static int loneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        boolean pair =
            Character.isHighSurrogate(c)
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        if (!pair) {
          return i;
        }
        i++;
      }
    }
    return -1;
  }
}
