package io.gibbon.schemas.serde;

import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;

/**
 * A record that cannot be what it should be, now or later: reading it again gives the same error.
 * The message is for users; it names the field and what was expected there, and has no line breaks
 * or control characters of the record in it.
 */
public final class InvalidRecordException extends SerializationException {

  private final @Nullable String field;

  private InvalidRecordException(
      @Nullable String field, String message, @Nullable Throwable cause) {
    super(Printable.line(message), cause);
    this.field = field == null ? null : Printable.line(field);
  }

  /** The record as a whole is wrong. */
  public static InvalidRecordException of(String problem) {
    return new InvalidRecordException(null, problem, null);
  }

  /** The record as a whole is wrong, as another exception found. */
  static InvalidRecordException of(String problem, Throwable cause) {
    return new InvalidRecordException(null, problem, cause);
  }

  /** One field is wrong; the message becomes {@code field: problem}. */
  public static InvalidRecordException of(String field, String problem) {
    return field.isEmpty()
        ? of(problem)
        : new InvalidRecordException(field, field + ": " + problem, null);
  }

  /** Path of the field at fault, such as {@code metadata.author}, or null for the whole record. */
  public @Nullable String field() {
    return field;
  }
}
