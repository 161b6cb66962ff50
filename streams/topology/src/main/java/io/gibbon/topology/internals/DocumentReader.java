package io.gibbon.topology.internals;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.DocumentKey;
import io.gibbon.schemas.serde.DocumentKeys;
import io.gibbon.schemas.serde.DocumentRules;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.schemas.serde.RegistryUnavailableException;
import io.gibbon.schemas.serde.SerdeOptions;
import io.gibbon.topology.DocumentId;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/** Reads what users produced. Thread-safe. */
public class DocumentReader {

  /**
   * What a record says.
   *
   * @param id the document it speaks of
   * @param document its new content, or null if it is deleted
   */
  record Content(DocumentId id, @Nullable Document document) {}

  private final Deserializer<Document> documents;
  private final DocumentKeys keys;

  /** A reader of records as the options say. */
  public DocumentReader(SerdeOptions options) {
    this.documents = RecordSerde.of(Document.class, options).deserializer();
    this.keys = new DocumentKeys(options.registry());
  }

  /**
   * Reads a record.
   *
   * @throws InvalidRecordException if it can never be read
   * @throws RegistryUnavailableException if the schema registry cannot be asked now
   */
  Content read(String topic, byte @Nullable [] key, byte @Nullable [] value) {
    Document document = documents.deserialize(topic, value);
    if (document == null) {
      DocumentKey name = keys.parse(key);
      return new Content(new DocumentId(name.getCollection(), name.getId()), null);
    }
    DocumentRules.check(document);
    return new Content(new DocumentId(document.getCollection(), document.getId()), document);
  }
}
