package io.gibbon.topology.internals;

import io.gibbon.topology.TopologyConfig;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** Settings of Kafka Streams that follow from ours, and why. */
public final class StreamsSettings {

  /** How long a transaction may stay open; a restart waits that long for one that was cut off. */
  private static final int TRANSACTION_TIMEOUT_MILLIS = 60_000;

  /** Records are whole documents, so a few of them are enough memory. */
  private static final int BUFFERED_RECORDS = 16;

  /** Records that a standby may lack and still take over at once: pages are large. */
  private static final long RECOVERY_LAG = 100;

  /**
   * How far ahead of a broker's clock records may be by default. Ours keep their documents' times,
   * so topics must take all that we take; brokers before Kafka 3.6 know no such limit.
   */
  private static final Duration BROKERS_FUTURE_SKEW = Duration.ofHours(1);

  private static final long CLEANUP_MARGIN_MILLIS = 60_000;

  private StreamsSettings() {}

  /** Settings for {@code KafkaStreams}; what {@code config.kafka()} names wins. */
  public static Properties of(TopologyConfig config) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, config.applicationId());
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, config.stateDir().toString());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.streamThreads());
    settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, config.standbyReplicas());
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, (int) config.replication());
    settings.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
    settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, BUFFERED_RECORDS);
    settings.put(StreamsConfig.ACCEPTABLE_RECOVERY_LAG_CONFIG, RECOVERY_LAG);
    settings.put(StreamsConfig.STATE_CLEANUP_DIR_MAX_AGE_MS_CONFIG, maxStateAge());
    settings.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG, true);
    settings.put(StreamsConfig.POLL_MS_CONFIG, config.punctuation().toMillis());
    settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksSettings.class.getName());
    settings.put(RocksSettings.BYTES, config.storeMemory());
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), BUFFERED_RECORDS);
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG),
        TRANSACTION_TIMEOUT_MILLIS);
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
        Math.max(1 << 20, config.maxRecordBytes()));
    settings.put(
        StreamsConfig.topicPrefix(TopicConfig.MAX_MESSAGE_BYTES_CONFIG),
        Math.max(1 << 20, config.maxRecordBytes()));
    if (config.maxFutureSkew().compareTo(BROKERS_FUTURE_SKEW) > 0) {
      settings.put(
          StreamsConfig.topicPrefix(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG),
          Long.MAX_VALUE);
    }
    config
        .groupInstanceId()
        .ifPresent(
            id ->
                settings.put(
                    StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), id));
    settings.putAll(config.kafka());
    return settings;
  }

  /**
   * Older state may have missed deletions whose markers are compacted away. The age is that of a
   * task's directory, which the index in it keeps young while it is open.
   */
  private static long maxStateAge() {
    return Stores.DELETE_RETENTION.toMillis() - CLEANUP_MARGIN_MILLIS;
  }
}
