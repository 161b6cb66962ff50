package io.gibbon.topology;

import io.gibbon.runtime.Encoder;
import io.gibbon.schemas.serde.SerdeOptions;
import io.gibbon.topology.internals.FailureHandler;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topology as an application of its own: exactly-once, topics made and checked, one line of log
 * for whatever goes wrong. Thread-safe; started once, closed once.
 */
public final class GibbonStreams implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(GibbonStreams.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final TopologyConfig config;
  private final Properties settings;
  private final GibbonTopology topology;
  private final KafkaStreams streams;
  private final FailureHandler failures;
  private final StateReader reader;

  /**
   * An application that encodes with an encoder, which the caller closes after it.
   *
   * @throws TopologyException if a setting of Kafka Streams is not valid
   */
  public GibbonStreams(TopologyConfig config, Encoder encoder) {
    this(config, encoder, config.documents());
  }

  /**
   * As {@link #GibbonStreams(TopologyConfig, Encoder)}.
   *
   * @param documents how documents are read, instead of as the configuration says
   */
  public GibbonStreams(TopologyConfig config, Encoder encoder, SerdeOptions documents) {
    this.config = config;
    this.settings = GibbonTopology.settings(config);
    StreamsBuilder builder = new StreamsBuilder();
    this.topology = GibbonTopology.addTo(builder, config, encoder, documents);
    this.failures = new FailureHandler(config.stateDir());
    this.streams = create(builder);
    streams.setUncaughtExceptionHandler(failures);
    streams.setStateListener(
        (now, before) -> LOG.info("Kafka Streams went from {} to {}", before, now));
    this.reader = topology.reader(streams);
  }

  private KafkaStreams create(StreamsBuilder builder) {
    try {
      return new KafkaStreams(builder.build(settings), settings, topology.clientSupplier());
    } catch (org.apache.kafka.common.KafkaException e) {
      throw new TopologyException("Kafka Streams cannot be set up: " + e.getMessage(), e);
    }
  }

  /**
   * Makes and checks the topics, then starts to read; returns before state is restored.
   *
   * @throws TopologyException if Kafka cannot be reached, a topic does not fit, or Kafka Streams
   *     does not start
   */
  public void start() {
    try (Admin admin = Admin.create(new StreamsConfig(settings).getAdminConfigs("gibbon"))) {
      Topics.ensure(admin, config);
    }
    try {
      streams.start();
    } catch (StreamsException e) {
      throw new TopologyException("Kafka Streams cannot be started: " + e.getMessage(), e);
    }
  }

  /** Whether the first restoration is done; stays true through rebalances. */
  public boolean ready() {
    return reader.ready();
  }

  /** Why the application has stopped by itself, one line, or empty while it works. */
  public Optional<String> failure() {
    return failures
        .fatal()
        .or(
            () ->
                streams.state() == KafkaStreams.State.ERROR
                    ? Optional.of("Kafka Streams stopped with an error; the log says why")
                    : Optional.empty());
  }

  /** Reads the state that this instance holds. */
  public StateReader reader() {
    return reader;
  }

  /** What the topology has done in this process. */
  public TopologyMetrics metrics() {
    return topology.metrics();
  }

  /** Kafka's own metrics, of Kafka Streams and its clients. */
  public Map<MetricName, ? extends Metric> kafkaMetrics() {
    return streams.metrics();
  }

  /** Kafka Streams itself, for what is not offered here. */
  public KafkaStreams kafkaStreams() {
    return streams;
  }

  /**
   * Stops. Without {@code group-instance-id} the instance leaves the group at once, so that others
   * take over without waiting; with it, its partitions wait for its return.
   */
  @Override
  public void close() {
    topology.stopEncoding();
    GroupMembershipOperation membership =
        config.groupInstanceId().isPresent()
            ? GroupMembershipOperation.REMAIN_IN_GROUP
            : GroupMembershipOperation.LEAVE_GROUP;
    CloseOptions options =
        CloseOptions.timeout(CLOSE_TIMEOUT).withGroupMembershipOperation(membership);
    if (!streams.close(options)) {
      LOG.warn("Kafka Streams did not stop within {} s", CLOSE_TIMEOUT.toSeconds());
    }
  }
}
