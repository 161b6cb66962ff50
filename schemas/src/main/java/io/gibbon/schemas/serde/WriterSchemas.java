package io.gibbon.schemas.serde;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.jspecify.annotations.Nullable;

/**
 * Every schema that a record was ever released with, by the fingerprint that single-object encoding
 * carries. They are kept as resources {@code io/gibbon/schemas/history/NAME/1.avsc}, {@code 2.avsc}
 * and so on, each self-contained; so what an older release wrote stays readable. Immutable.
 */
final class WriterSchemas {

  private final Map<Long, Schema> byFingerprint = new HashMap<>();

  private WriterSchemas(List<Schema> schemas) {
    schemas.forEach(s -> byFingerprint.put(fingerprint(s), s));
  }

  /** The current schema and all in its history. */
  static WriterSchemas of(Schema current) {
    List<Schema> schemas = history(current.getName());
    schemas.add(current);
    return new WriterSchemas(schemas);
  }

  /** Just these. */
  static WriterSchemas of(List<Schema> schemas) {
    return new WriterSchemas(schemas);
  }

  /** The schema with a fingerprint, or null. */
  @Nullable Schema find(long fingerprint) {
    return byFingerprint.get(fingerprint);
  }

  /** Avro's 64-bit Rabin fingerprint of the canonical form. */
  static long fingerprint(Schema schema) {
    return SchemaNormalization.parsingFingerprint64(schema);
  }

  /** All released schemas of a record, oldest first. */
  static List<Schema> history(String name) {
    List<Schema> schemas = new ArrayList<>();
    for (int version = 1; ; version++) {
      String resource = "/io/gibbon/schemas/history/" + name + "/" + version + ".avsc";
      try (InputStream in = WriterSchemas.class.getResourceAsStream(resource)) {
        if (in == null) {
          return schemas;
        }
        schemas.add(new Schema.Parser().parse(in));
      } catch (IOException e) {
        throw new IllegalStateException("cannot read " + resource, e);
      }
    }
  }
}
