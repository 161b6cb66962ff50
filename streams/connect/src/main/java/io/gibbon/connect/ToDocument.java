package io.gibbon.connect;

import static io.gibbon.connect.ToDocumentConfig.COLLECTION;
import static io.gibbon.connect.ToDocumentConfig.COLLECTION_FIELD;
import static io.gibbon.connect.ToDocumentConfig.ID_FIELD;
import static io.gibbon.connect.ToDocumentConfig.ID_TEMPLATE;
import static io.gibbon.connect.ToDocumentConfig.TEXT_FIELD;
import static io.gibbon.connect.ToDocumentConfig.TIMESTAMP_FIELD;
import static io.gibbon.connect.ToDocumentConfig.TITLE_FIELD;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.DocumentRules;
import io.gibbon.schemas.serde.InvalidRecordException;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.components.Versioned;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.transforms.Transformation;
import org.jspecify.annotations.Nullable;

/**
 * Turns a record of any connector into a document: the value becomes a Struct with the fields of
 * {@link Document}, the key the string {@code collection/id}. A record without a value deletes the
 * document that its key names and stays without a value.
 *
 * <p>Values may be Structs, maps or strings. A record that lacks what the settings ask for is
 * refused with a {@link DataException} that names the field; Connect's {@code errors.tolerance}
 * decides what then happens. Whether a text is fit to be read is left to the topology, which keeps
 * what it refuses as dead letters.
 *
 * @param <R> kind of record
 */
public class ToDocument<R extends ConnectRecord<R>> implements Transformation<R>, Versioned {

  private String collection = "";
  private @Nullable FieldPath collectionField;
  private @Nullable FieldPath idField;
  private @Nullable Template idTemplate;
  private @Nullable FieldPath titleField;
  private @Nullable FieldPath textField;
  private @Nullable FieldPath timestampField;
  private Map<String, FieldPath> metadata = Map.of();

  @Override
  public void configure(Map<String, ?> settings) {
    ToDocumentConfig config = new ToDocumentConfig(settings);
    collection = config.getString(COLLECTION);
    collectionField = config.path(COLLECTION_FIELD);
    idField = config.path(ID_FIELD);
    String template = config.getString(ID_TEMPLATE);
    idTemplate = template == null ? null : Template.parse(template);
    titleField = config.path(TITLE_FIELD);
    textField = config.path(TEXT_FIELD);
    timestampField = config.path(TIMESTAMP_FIELD);
    metadata = config.metadata();
  }

  @Override
  public R apply(R record) {
    String collection =
        collectionField == null
            ? this.collection
            : Texts.string("collection", required(record, "collection", collectionField));
    String id =
        idTemplate == null
            ? Texts.id("id", required(record, "id", idField))
            : idTemplate.render(record);
    try {
      DocumentRules.checkCollection(collection);
      DocumentRules.checkId(id);
    } catch (InvalidRecordException e) {
      throw new DataException(e.getMessage(), e);
    }
    boolean tombstone = record.value() == null;
    return record.newRecord(
        record.topic(),
        record.kafkaPartition(),
        Schema.STRING_SCHEMA,
        collection + "/" + id,
        tombstone ? null : DocumentStruct.SCHEMA,
        tombstone ? null : DocumentStruct.of(document(record, collection, id)),
        record.timestamp());
  }

  private Document document(R record, String collection, String id) {
    Object title = titleField == null ? null : titleField.find(record);
    Object timestamp = timestampField == null ? null : timestampField.find(record);
    return new Document(
        collection,
        id,
        title == null ? "" : Texts.string("title", title),
        Texts.string("text", required(record, "text", textField)),
        labels(record),
        timestamp == null ? null : Texts.timestamp("timestamp", timestamp));
  }

  private Map<String, String> labels(R record) {
    Map<String, String> labels = new HashMap<>();
    metadata.forEach(
        (name, path) -> {
          Object value = path.find(record);
          if (value != null) {
            labels.put(name, Texts.label("metadata." + name, value));
          }
        });
    return labels;
  }

  private Object required(R record, String field, @Nullable FieldPath path) {
    if (path == null) {
      throw new IllegalStateException("configure() was not called");
    }
    Object value = path.find(record);
    if (value == null) {
      throw new DataException(
          field
              + ": "
              + path.path()
              + (record.value() == null
                  ? " is not in the key of a record without value"
                  : " is null or missing"));
    }
    return value;
  }

  @Override
  public ConfigDef config() {
    return ToDocumentConfig.DEFINITION;
  }

  @Override
  public String version() {
    return Plugin.version();
  }

  @Override
  public void close() {}
}
