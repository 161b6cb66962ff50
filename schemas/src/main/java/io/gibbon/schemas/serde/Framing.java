package io.gibbon.schemas.serde;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What the first bytes of a key or value say about the rest. */
enum Framing {
  /** Avro single-object encoding: C3 01, the schema's fingerprint, the record. */
  SINGLE_OBJECT,
  /** Wire format of a schema registry: 00, the schema's id, the record. */
  REGISTRY,
  /** A JSON object, perhaps after a byte-order mark and white space. */
  JSON_OBJECT,
  /** A JSON string, perhaps after a byte-order mark and white space. */
  JSON_STRING,
  /** Anything else. */
  TEXT;

  static final byte[] SINGLE_OBJECT_MAGIC = {(byte) 0xC3, 0x01};
  static final int SINGLE_OBJECT_HEADER = 10;
  static final byte REGISTRY_MAGIC = 0;
  static final int REGISTRY_HEADER = 5;

  /** Looks at the first bytes. */
  static Framing of(byte[] bytes) {
    if (bytes.length > 0 && bytes[0] == REGISTRY_MAGIC) {
      return REGISTRY;
    }
    if (bytes.length > 1
        && bytes[0] == SINGLE_OBJECT_MAGIC[0]
        && bytes[1] == SINGLE_OBJECT_MAGIC[1]) {
      return SINGLE_OBJECT;
    }
    for (int i = afterByteOrderMark(bytes); i < bytes.length; i++) {
      switch (bytes[i]) {
        case ' ', '\t', '\r', '\n' -> {}
        case '{' -> {
          return JSON_OBJECT;
        }
        case '"' -> {
          return JSON_STRING;
        }
        default -> {
          return TEXT;
        }
      }
    }
    return TEXT;
  }

  /** 3 if the bytes start with the byte-order mark of UTF-8, else 0. */
  static int afterByteOrderMark(byte[] bytes) {
    boolean mark =
        bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    return mark ? 3 : 0;
  }

  /**
   * The schema that bytes in registry wire format name.
   *
   * @throws InvalidRecordException if there is no registry, or it does not know the schema
   */
  static RegisteredSchema registered(byte[] bytes, @Nullable SchemaRegistryClient registry) {
    if (bytes.length < REGISTRY_HEADER) {
      throw InvalidRecordException.of("registry wire format cut off in its header");
    }
    int id = ByteBuffer.wrap(bytes).getInt(1);
    if (registry == null) {
      throw InvalidRecordException.of(
          "registry wire format (schema id %d), but no schema registry is configured"
              .formatted(id));
    }
    return registry.schema(id);
  }
}
