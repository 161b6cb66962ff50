package io.gibbon.connect;

import io.gibbon.schemas.serde.DocumentKeys;
import io.gibbon.schemas.serde.DocumentRules;
import io.gibbon.schemas.serde.InvalidRecordException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/** Settings of {@link ToDocument}. Paths are as in {@link FieldPath}. */
final class ToDocumentConfig extends AbstractConfig {

  static final String COLLECTION = "collection";
  static final String COLLECTION_FIELD = "collection.field";
  static final String ID_FIELD = "id.field";
  static final String ID_TEMPLATE = "id.template";
  static final String TITLE_FIELD = "title.field";
  static final String TEXT_FIELD = "text.field";
  static final String METADATA_FIELDS = "metadata.fields";
  static final String TIMESTAMP_FIELD = "timestamp.field";

  static final ConfigDef DEFINITION =
      new ConfigDef()
          .define(
              COLLECTION,
              ConfigDef.Type.STRING,
              DocumentKeys.DEFAULT_COLLECTION,
              ToDocumentConfig::checkCollection,
              Importance.HIGH,
              "Collection of all documents. Not used with " + COLLECTION_FIELD + ".")
          .define(
              COLLECTION_FIELD,
              ConfigDef.Type.STRING,
              null,
              ToDocumentConfig::checkPath,
              Importance.MEDIUM,
              "Path of the field that names each document's collection.")
          .define(
              ID_FIELD,
              ConfigDef.Type.STRING,
              null,
              ToDocumentConfig::checkPath,
              Importance.HIGH,
              "Path of each document's id, a string or an integer: 'key' for the record's key,"
                  + " 'key.NAME' for a field of it, 'NAME' or 'value.NAME' for a field of the"
                  + " value. Either this or "
                  + ID_TEMPLATE
                  + ".")
          .define(
              ID_TEMPLATE,
              ConfigDef.Type.STRING,
              null,
              ToDocumentConfig::checkTemplate,
              Importance.HIGH,
              "Id made of text and variables: ${topic}, ${partition}, ${offset} (sinks only),"
                  + " ${timestamp}, ${source.NAME} and ${position.NAME} of the source connector's"
                  + " partition and offset (the file source has ${source.filename} and"
                  + " ${position.position}), ${key}, ${key.NAME}, ${value.NAME}.")
          .define(
              TITLE_FIELD,
              ConfigDef.Type.STRING,
              null,
              ToDocumentConfig::checkPath,
              Importance.MEDIUM,
              "Path of the title, a string; a null gives an empty title.")
          .define(
              TEXT_FIELD,
              ConfigDef.Type.STRING,
              "value",
              ToDocumentConfig::checkPath,
              Importance.HIGH,
              "Path of the text, a string; 'value' for the record's whole value.")
          .define(
              METADATA_FIELDS,
              ConfigDef.Type.LIST,
              List.of(),
              ToDocumentConfig::checkMetadata,
              Importance.LOW,
              "Paths of fields to keep as metadata: strings, numbers, booleans, timestamps. Each"
                  + " goes by its field's name, or by another one as 'PATH:NAME'. Nulls are left"
                  + " out.")
          .define(
              TIMESTAMP_FIELD,
              ConfigDef.Type.STRING,
              null,
              ToDocumentConfig::checkPath,
              Importance.LOW,
              "Path of the time when the content was true: a timestamp, milliseconds since the"
                  + " epoch, or ISO 8601 with an offset. Without it the record's own counts.");

  /**
   * Parses and checks all settings.
   *
   * @throws ConfigException naming the setting at fault
   */
  ToDocumentConfig(Map<String, ?> settings) {
    super(DEFINITION, settings, false);
    if ((getString(ID_FIELD) == null) == (getString(ID_TEMPLATE) == null)) {
      throw new ConfigException("Give either " + ID_FIELD + " or " + ID_TEMPLATE);
    }
    if (getString(COLLECTION_FIELD) != null && settings.containsKey(COLLECTION)) {
      throw new ConfigException("Give either " + COLLECTION + " or " + COLLECTION_FIELD);
    }
  }

  /** The path of a setting, or null where it is not set. */
  @Nullable FieldPath path(String setting) {
    String path = getString(setting);
    return path == null ? null : FieldPath.parse(path);
  }

  /** Names and paths of the metadata. */
  Map<String, FieldPath> metadata() {
    return metadata(getList(METADATA_FIELDS));
  }

  private static Map<String, FieldPath> metadata(List<?> entries) {
    Map<String, FieldPath> paths = new LinkedHashMap<>();
    for (Object entry : entries) {
      String[] pathAndName = entry.toString().split(":", 2);
      checkPath(METADATA_FIELDS, pathAndName[0]);
      FieldPath path = FieldPath.parse(pathAndName[0]);
      String name = pathAndName.length == 2 ? pathAndName[1] : path.name();
      if (name.isBlank() || paths.put(name, path) != null) {
        throw new ConfigException(
            METADATA_FIELDS, entries, name.isBlank() ? "an empty name" : name + " is given twice");
      }
    }
    return paths;
  }

  private static void checkMetadata(String setting, Object value) {
    metadata((List<?>) value);
  }

  private static void checkPath(String setting, @Nullable Object value) {
    if (value instanceof String path && !path.matches("[^.]+(\\.[^.]+)*")) {
      throw new ConfigException(setting, path, "not field names with dots between them");
    }
  }

  private static void checkCollection(String setting, Object value) {
    try {
      DocumentRules.checkCollection((String) value);
    } catch (InvalidRecordException e) {
      throw new ConfigException(setting, value, e.getMessage());
    }
  }

  private static void checkTemplate(String setting, @Nullable Object value) {
    if (value instanceof String template) {
      try {
        Template.parse(template);
      } catch (IllegalArgumentException e) {
        throw new ConfigException(setting, template, e.getMessage());
      }
    }
  }
}
