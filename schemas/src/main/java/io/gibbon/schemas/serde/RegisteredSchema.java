package io.gibbon.schemas.serde;

import org.apache.avro.Schema;

/**
 * A schema as a registry knows it.
 *
 * @param type what is behind the header
 * @param avro the schema of the Avro record; of no meaning for JSON
 */
record RegisteredSchema(Type type, Schema avro) {

  /** Behind a header that names a JSON schema there is plain JSON. */
  static final RegisteredSchema JSON =
      new RegisteredSchema(Type.JSON, Schema.create(Schema.Type.NULL));

  enum Type {
    AVRO,
    JSON
  }
}
