package io.gibbon.connect;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.schemas.serde.RegistryUnavailableException;
import io.gibbon.schemas.serde.SchemaRegistryClient;
import io.gibbon.schemas.serde.SerdeOptions;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.components.Versioned;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.storage.Converter;
import org.jspecify.annotations.Nullable;

/**
 * Writes documents, as {@link ToDocument} makes them, in Avro: single-object encoding, or registry
 * wire format where a schema registry is configured. Reads every format of documents. A registry
 * that cannot be asked is a {@link RetriableException}. For values only.
 */
public class DocumentConverter implements Converter, Versioned {

  static final String REGISTRY_URLS = "registry.urls";
  static final String REGISTRY_CREDENTIALS = "registry.credentials";
  static final String REGISTRY_TIMEOUT = "registry.timeout.ms";

  private static final ConfigDef DEFINITION =
      new ConfigDef()
          .define(
              REGISTRY_URLS,
              ConfigDef.Type.LIST,
              List.of(),
              Importance.MEDIUM,
              "Addresses of a schema registry's servers, tried in this order.")
          .define(
              REGISTRY_CREDENTIALS,
              ConfigDef.Type.PASSWORD,
              null,
              Importance.LOW,
              "user:password for the schema registry.")
          .define(
              REGISTRY_TIMEOUT,
              ConfigDef.Type.INT,
              10_000,
              Range.between(1, 600_000),
              Importance.LOW,
              "Longest time for a request to the schema registry, in milliseconds.");

  private RecordSerde<Document> serde = RecordSerde.of(Document.class);

  @Override
  public void configure(Map<String, ?> settings, boolean isKey) {
    if (isKey) {
      throw new ConfigException("DocumentConverter is for values; use StringConverter for keys");
    }
    AbstractConfig config = new AbstractConfig(DEFINITION, settings, false);
    serde = RecordSerde.of(Document.class, SerdeOptions.DEFAULT.withRegistry(registry(config)));
  }

  private static @Nullable SchemaRegistryClient registry(AbstractConfig config) {
    List<String> urls = config.getList(REGISTRY_URLS);
    if (urls.isEmpty()) {
      return null;
    }
    if (urls.stream().anyMatch(url -> url.contains("@"))) {
      throw new ConfigException(
          "%s: an address holds credentials, set them in %s"
              .formatted(REGISTRY_URLS, REGISTRY_CREDENTIALS));
    }
    Password credentials = config.getPassword(REGISTRY_CREDENTIALS);
    try {
      return new SchemaRegistryClient(
          urls.stream().map(URI::create).toList(),
          credentials == null ? null : credentials.value(),
          Duration.ofMillis(config.getInt(REGISTRY_TIMEOUT)));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(REGISTRY_URLS, urls, e.getMessage());
    }
  }

  /** Only Structs of a document's schema, and null. */
  @Override
  public byte @Nullable [] fromConnectData(
      String topic, @Nullable Schema schema, @Nullable Object value) {
    if (value == null) {
      return null;
    }
    if (!(value instanceof Struct struct) || !DocumentStruct.SCHEMA.equals(struct.schema())) {
      throw new DataException(
          "DocumentConverter writes documents; put the transform ToDocument before it");
    }
    try {
      return serde.serializer().serialize(topic, DocumentStruct.toDocument(struct));
    } catch (InvalidRecordException e) {
      throw new DataException(e.getMessage(), e);
    } catch (RegistryUnavailableException e) {
      throw new RetriableException(e.getMessage(), e);
    }
  }

  @Override
  public SchemaAndValue toConnectData(String topic, byte @Nullable [] bytes) {
    try {
      Document document = serde.deserializer().deserialize(topic, bytes);
      return document == null
          ? SchemaAndValue.NULL
          : new SchemaAndValue(DocumentStruct.SCHEMA, DocumentStruct.of(document));
    } catch (InvalidRecordException e) {
      throw new DataException(e.getMessage(), e);
    } catch (RegistryUnavailableException e) {
      throw new RetriableException(e.getMessage(), e);
    }
  }

  @Override
  public ConfigDef config() {
    return DEFINITION;
  }

  @Override
  public String version() {
    return Plugin.version();
  }
}
