package io.gibbon.topology;

import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.serde.SchemaRegistryClient;
import io.gibbon.schemas.serde.SerdeOptions;
import io.gibbon.topology.internals.Settings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that can be set about the topology. {@link #of} reads it from keys and text; each key
 * is the component's name with dashes, such as {@code pending-bytes}. Durations are ISO 8601
 * ({@code PT1H}) or a number of milliseconds. Keys that begin with {@code kafka.} go to Kafka
 * Streams and its clients as they are ({@code kafka.bootstrap.servers}).
 *
 * @param applicationId {@code gibbon}; prefix of internal topics, name of the consumer group
 * @param documentsTopic {@code documents}; read
 * @param contextEventsTopic {@code context-events}; written
 * @param deadLettersTopic {@code dead-letters}; written
 * @param partitions {@code 4}; of internal topics, for good: they cannot be changed later. Also of
 *     the topics above where they are created
 * @param replication {@code -1}, the broker's default; of all topics that are created
 * @param retention {@code P7D}; of the topics above where they are created
 * @param durability {@code changelog}, or {@code rebuild}
 * @param deletionRetention {@code P7D}; how long a deletion keeps late older records away
 * @param maxCompactionLag {@code P1D}; after this a deleted text is gone from changelogs too
 * @param maxFutureSkew {@code PT1H}; records with timestamps further ahead are refused. Brokers
 *     refuse them too unless the documents' topic has a larger {@code
 *     message.timestamp.after.max.ms}
 * @param attempts {@code 3}; errors after which a document is given up
 * @param interruptions {@code 3}; attempts that were cut off while no other document was in the
 *     process's encoder, after which a document is given up. A process that ends in order cuts
 *     nothing off; one that crashes does, and a partition that moves to another instance
 * @param maxDocumentBytes {@code 921600}; the largest document, encoded as Avro. Request and
 *     message limits of internal topics follow from it
 * @param punctuation {@code PT0.05S}; how often finished contexts are written
 * @param writeBytes {@code 8388608}; the most KV bytes that one partition writes at a time
 * @param inFlightDocuments {@code 16}; documents of one partition in the encoder at once
 * @param pendingDocuments {@code 10000}; waiting documents at which a partition stops reading
 * @param pendingBytes {@code 67108864}; bytes of waiting documents at which a partition stops
 *     reading
 * @param minFreeDisk {@code 268435456}; free bytes of the state directory's disk below which
 *     reading and encoding stop
 * @param stateDir {@code gibbon-state}; where stores live
 * @param storeMemory {@code 134217728}; bytes of RocksDB's block cache and write buffers together,
 *     for all stores of the process
 * @param streamThreads {@code 1}; they only move bytes
 * @param standbyReplicas {@code 0}; further instances that keep a copy of each partition's state
 * @param groupInstanceId none; a name that this instance keeps over restarts (static membership)
 * @param schemaRegistryUrls none; addresses of a schema registry's servers, tried in this order, to
 *     read documents and keys in registry wire format; separated by commas. While none answers, a
 *     record that needs it waits in its topic, and those behind it in its partition
 * @param schemaRegistryCredentials none; {@code user:password} for the schema registry
 * @param schemaRegistryTimeout {@code PT10S}; the longest that one of its servers may take
 * @param kafka settings of Kafka Streams and its clients
 */
public record TopologyConfig(
    String applicationId,
    String documentsTopic,
    String contextEventsTopic,
    String deadLettersTopic,
    int partitions,
    short replication,
    Duration retention,
    Durability durability,
    Duration deletionRetention,
    Duration maxCompactionLag,
    Duration maxFutureSkew,
    int attempts,
    int interruptions,
    int maxDocumentBytes,
    Duration punctuation,
    int writeBytes,
    int inFlightDocuments,
    int pendingDocuments,
    long pendingBytes,
    long minFreeDisk,
    Path stateDir,
    long storeMemory,
    int streamThreads,
    int standbyReplicas,
    Optional<String> groupInstanceId,
    List<URI> schemaRegistryUrls,
    Optional<String> schemaRegistryCredentials,
    Duration schemaRegistryTimeout,
    Map<String, String> kafka) {

  /** What a record needs beyond the document in it: key, headers, version, coordinates. */
  public static final int RECORD_OVERHEAD = 100 * 1024;

  private static final String KAFKA = "kafka.";

  /**
   * Checks every setting.
   *
   * @throws IllegalArgumentException naming the setting and its limit
   */
  public TopologyConfig {
    Settings.name("application-id", applicationId);
    Settings.name("documents-topic", documentsTopic);
    Settings.name("context-events-topic", contextEventsTopic);
    Settings.name("dead-letters-topic", deadLettersTopic);
    Settings.within("partitions", partitions, 1, 10_000);
    Settings.within("replication", replication, -1, 100);
    Settings.positive("retention", retention);
    Settings.positive("deletion-retention", deletionRetention);
    Settings.positive("max-compaction-lag", maxCompactionLag);
    Settings.positive("max-future-skew", maxFutureSkew);
    Settings.within("attempts", attempts, 1, 100);
    Settings.within("interruptions", interruptions, 1, 10_000);
    Settings.within("max-document-bytes", maxDocumentBytes, 1024, 1 << 30);
    Settings.positive("punctuation", punctuation);
    Settings.within("write-bytes", writeBytes, KvStates.PAGE_BYTES, 1 << 30);
    Settings.within("in-flight-documents", inFlightDocuments, 1, 10_000);
    Settings.within("pending-documents", pendingDocuments, 1, 10_000_000);
    Settings.within("pending-bytes", pendingBytes, maxDocumentBytes, 1L << 40);
    Settings.within("min-free-disk", minFreeDisk, 0, 1L << 50);
    Settings.within("store-memory", storeMemory, 16 << 20, 1L << 40);
    Settings.within("stream-threads", streamThreads, 1, 1000);
    Settings.within("standby-replicas", standbyReplicas, 0, 100);
    schemaRegistryUrls = List.copyOf(schemaRegistryUrls);
    schemaRegistryUrls.forEach(url -> registry(url.toString()));
    schemaRegistryUrls.forEach(url -> Settings.http("schema-registry-urls", url));
    Settings.positive("schema-registry-timeout", schemaRegistryTimeout);
    kafka = Map.copyOf(kafka);
  }

  /** Addresses are shown in logs and errors, so they must not hold a password. */
  private static void registry(String url) {
    if (url.contains("@")) {
      throw new IllegalArgumentException(
          "schema-registry-urls: an address holds credentials, set them in"
              + " schema-registry-credentials");
    }
  }

  /** All defaults. */
  public static TopologyConfig defaults() {
    return of(Map.of());
  }

  /**
   * Reads settings; what is not set has its default.
   *
   * @throws IllegalArgumentException naming a key that is not known and the nearest one that is, or
   *     a value that does not fit
   */
  public static TopologyConfig of(Map<String, String> settings) {
    registry(settings.getOrDefault("schema-registry-urls", ""));
    Settings in = new Settings(settings, KAFKA);
    TopologyConfig config =
        new TopologyConfig(
            in.text("application-id", "gibbon"),
            in.text("documents-topic", "documents"),
            in.text("context-events-topic", "context-events"),
            in.text("dead-letters-topic", "dead-letters"),
            in.integer("partitions", 4),
            (short) in.number("replication", -1, Short.MIN_VALUE, Short.MAX_VALUE),
            in.duration("retention", Duration.ofDays(7)),
            in.choice("durability", Durability.CHANGELOG),
            in.duration("deletion-retention", Duration.ofDays(7)),
            in.duration("max-compaction-lag", Duration.ofDays(1)),
            in.duration("max-future-skew", Duration.ofHours(1)),
            in.integer("attempts", 3),
            in.integer("interruptions", 3),
            in.integer("max-document-bytes", 900 * 1024),
            in.duration("punctuation", Duration.ofMillis(50)),
            in.integer("write-bytes", 8 << 20),
            in.integer("in-flight-documents", 16),
            in.integer("pending-documents", 10_000),
            in.number("pending-bytes", 64 << 20),
            in.number("min-free-disk", 256 << 20),
            Path.of(in.text("state-dir", "gibbon-state")),
            in.number("store-memory", 128 << 20),
            in.integer("stream-threads", 1),
            in.integer("standby-replicas", 0),
            in.optional("group-instance-id"),
            in.uris("schema-registry-urls"),
            in.optional("schema-registry-credentials"),
            in.duration("schema-registry-timeout", Duration.ofSeconds(10)),
            in.prefixed());
    in.refuseUnknown();
    return config;
  }

  /** How documents are read: with the schema registry, if one is set. */
  public SerdeOptions documents() {
    return schemaRegistryUrls.isEmpty()
        ? SerdeOptions.DEFAULT
        : SerdeOptions.DEFAULT.withRegistry(
            new SchemaRegistryClient(
                schemaRegistryUrls, schemaRegistryCredentials.orElse(null), schemaRegistryTimeout));
  }

  /** Names it, and shows nothing that may be secret. */
  @Override
  public String toString() {
    return "TopologyConfig[applicationId=%s]".formatted(applicationId);
  }

  /** The largest record that internal topics must take. */
  public int maxRecordBytes() {
    return Math.max(maxDocumentBytes, KvStates.PAGE_BYTES) + RECORD_OVERHEAD;
  }
}
