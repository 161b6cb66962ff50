package io.gibbon.topology.internals;

import static org.apache.kafka.streams.state.Stores.keyValueStoreBuilder;
import static org.apache.kafka.streams.state.Stores.persistentKeyValueStore;

import io.gibbon.schemas.CollectionCounts;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.Durability;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.internals.index.ContextIndex;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * The stores of one partition, keyed as {@link Keys} says.
 *
 * @param pending whole documents that wait to be encoded
 * @param documents the newest content of every document, and markers of deleted ones
 * @param manifests what each encoding wrote
 * @param pages KV states
 * @param index what answers can use, searchable
 * @param collections counts by collection
 */
public record Stores(
    KeyValueStore<Bytes, PendingDocument> pending,
    KeyValueStore<Bytes, StoredDocument> documents,
    KeyValueStore<Bytes, Manifest> manifests,
    KeyValueStore<Bytes, KvPage> pages,
    KeyValueStore<Bytes, IndexedContext> index,
    KeyValueStore<Bytes, CollectionCounts> collections) {

  /** Name of {@link #pending}. */
  public static final String PENDING = "gibbon-pending";

  /** Name of {@link #documents}. */
  public static final String DOCUMENTS = "gibbon-documents";

  /** Name of {@link #manifests}. */
  public static final String MANIFESTS = "gibbon-manifests";

  /** Name of {@link #pages}. */
  public static final String PAGES = "gibbon-pages";

  /** Name of {@link #index}. */
  public static final String INDEX = "gibbon-index";

  /** Name of {@link #collections}. */
  public static final String COLLECTIONS = "gibbon-collections";

  /** How long changelogs keep their tombstones. */
  static final Duration DELETE_RETENTION = Duration.ofDays(1);

  /** The stores of a processor's partition. */
  static Stores of(ProcessorContext<?, ?> context) {
    return new Stores(
        context.getStateStore(PENDING),
        context.getStateStore(DOCUMENTS),
        context.getStateStore(MANIFESTS),
        context.getStateStore(PAGES),
        context.getStateStore(INDEX),
        context.getStateStore(COLLECTIONS));
  }

  /** Builders of all stores. */
  static Set<StoreBuilder<?>> builders(TopologyConfig config) {
    Map<String, String> changelog = changelog(config);
    StoreBuilder<KeyValueStore<Bytes, KvPage>> pages =
        builder(persistentKeyValueStore(PAGES), KvPage.class);
    return Set.of(
        builder(persistentKeyValueStore(PENDING), PendingDocument.class)
            .withLoggingEnabled(changelog),
        builder(persistentKeyValueStore(DOCUMENTS), StoredDocument.class)
            .withLoggingEnabled(changelog),
        builder(persistentKeyValueStore(MANIFESTS), Manifest.class).withLoggingEnabled(changelog),
        config.durability() == Durability.CHANGELOG
            ? pages.withLoggingEnabled(changelog)
            : pages.withLoggingDisabled(),
        builder(ContextIndex.store(INDEX), IndexedContext.class).withLoggingEnabled(changelog),
        builder(persistentKeyValueStore(COLLECTIONS), CollectionCounts.class)
            .withLoggingEnabled(changelog));
  }

  private static <T extends SpecificRecord> StoreBuilder<KeyValueStore<Bytes, T>> builder(
      KeyValueBytesStoreSupplier supplier, Class<T> type) {
    return keyValueStoreBuilder(supplier, Serdes.Bytes(), RecordSerde.of(type))
        .withCachingDisabled();
  }

  private static Map<String, String> changelog(TopologyConfig config) {
    Map<String, String> topic = new HashMap<>();
    topic.put(TopicConfig.DELETE_RETENTION_MS_CONFIG, Long.toString(DELETE_RETENTION.toMillis()));
    topic.put(
        TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG,
        Long.toString(config.maxCompactionLag().toMillis()));
    return topic;
  }
}
