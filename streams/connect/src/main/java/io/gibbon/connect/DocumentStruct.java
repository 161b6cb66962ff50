package io.gibbon.connect;

import io.gibbon.schemas.Document;
import java.time.Instant;
import java.util.Date;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Timestamp;
import org.jspecify.annotations.Nullable;

/** The document of our Avro schema as a Struct of Connect, field by field under the same names. */
final class DocumentStruct {

  /** Named as the Avro record, so that converters of other makers write a record of that name. */
  static final Schema SCHEMA =
      SchemaBuilder.struct()
          .name(Document.SCHEMA$.getFullName())
          .field("collection", Schema.STRING_SCHEMA)
          .field("id", Schema.STRING_SCHEMA)
          .field("title", Schema.STRING_SCHEMA)
          .field("text", Schema.STRING_SCHEMA)
          .field("metadata", SchemaBuilder.map(Schema.STRING_SCHEMA, Schema.STRING_SCHEMA).build())
          .field("timestamp", Timestamp.builder().optional().build())
          .build();

  private DocumentStruct() {}

  /** A Struct with the document's content. */
  static Struct of(Document document) {
    return new Struct(SCHEMA)
        .put("collection", document.getCollection())
        .put("id", document.getId())
        .put("title", document.getTitle())
        .put("text", document.getText())
        .put("metadata", document.getMetadata())
        .put("timestamp", date(document.getTimestamp()));
  }

  /** The document in a Struct of {@link #SCHEMA}. */
  static Document toDocument(Struct struct) {
    Date timestamp = (Date) struct.get("timestamp");
    return new Document(
        struct.getString("collection"),
        struct.getString("id"),
        struct.getString("title"),
        struct.getString("text"),
        struct.getMap("metadata"),
        timestamp == null ? null : timestamp.toInstant());
  }

  private static @Nullable Date date(@Nullable Instant instant) {
    return instant == null ? null : Date.from(instant);
  }
}
