package io.gibbon.topology;

import io.gibbon.runtime.Encoder;
import io.gibbon.schemas.serde.SerdeOptions;
import io.gibbon.topology.internals.Backpressure;
import io.gibbon.topology.internals.Calibrations;
import io.gibbon.topology.internals.DocumentReader;
import io.gibbon.topology.internals.EncoderRoom;
import io.gibbon.topology.internals.GibbonClientSupplier;
import io.gibbon.topology.internals.Ingestion;
import io.gibbon.topology.internals.LocalStateReader;
import io.gibbon.topology.internals.OpenStores;
import io.gibbon.topology.internals.StreamsSettings;
import java.util.Properties;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;

/**
 * Our topology as a part of somebody's Kafka Streams application:
 *
 * <pre>{@code
 * Topics.ensure(admin, config);
 * StreamsBuilder builder = new StreamsBuilder();
 * ... the host's own streams ...
 * GibbonTopology gibbon = GibbonTopology.addTo(builder, config, encoder);
 * Properties settings = GibbonTopology.settings(config); // and the host's own
 * KafkaStreams streams = new KafkaStreams(builder.build(settings), settings, gibbon.clientSupplier());
 * StateReader reader = gibbon.reader(streams);
 * }</pre>
 *
 * <p>It reads documents, writes context events and dead letters, and keeps its state in stores
 * whose names begin with {@code gibbon-}. Kafka Streams does not start while the topic of the
 * global one, the record of profiles, is missing: {@link Topics#ensure} makes it. Thread-safe.
 * {@link GibbonStreams} is the same as an application of its own.
 */
public final class GibbonTopology {

  private static final long STOP_MILLIS = 1000;

  private final TopologyConfig config;
  private final Encoder encoder;
  private final DocumentReader documents;
  private final EncoderRoom room = new EncoderRoom();
  private final OpenStores open = new OpenStores();
  private final Calibrations calibrations;
  private final Backpressure backpressure = new Backpressure();
  private final TopologyMetrics metrics = new TopologyMetrics();

  private GibbonTopology(TopologyConfig config, Encoder encoder, DocumentReader documents) {
    this.config = config;
    this.encoder = encoder;
    this.documents = documents;
    this.calibrations = new Calibrations(config, encoder.profile().fingerprint());
  }

  /**
   * Adds the topology to a builder.
   *
   * @param config the application id in it must be the host's
   * @param encoder shared by all partitions; its profile is the one that documents are encoded
   *     under
   */
  public static GibbonTopology addTo(
      StreamsBuilder builder, TopologyConfig config, Encoder encoder) {
    return addTo(builder, config, encoder, config.documents());
  }

  /**
   * As {@link #addTo(StreamsBuilder, TopologyConfig, Encoder)}.
   *
   * @param documents how documents are read, instead of as the configuration says
   */
  public static GibbonTopology addTo(
      StreamsBuilder builder, TopologyConfig config, Encoder encoder, SerdeOptions documents) {
    GibbonTopology topology = new GibbonTopology(config, encoder, new DocumentReader(documents));
    new Ingestion(
            config,
            encoder,
            topology.documents,
            topology.room,
            topology.open,
            topology.calibrations,
            topology.backpressure,
            topology.metrics)
        .addTo(builder);
    return topology;
  }

  /** The settings of Kafka Streams that the topology wants; a host may change all of them. */
  public static Properties settings(TopologyConfig config) {
    return StreamsSettings.of(config);
  }

  /**
   * The clients for the host's {@code KafkaStreams}. They are Kafka's own, but stop fetching
   * documents while too many wait to be encoded, the disk is full, or the schema registry does not
   * answer. With other clients everything works except that; a registry that does not answer then
   * ends stream threads with a retriable error, which the host's handler should replace.
   */
  public KafkaClientSupplier clientSupplier() {
    return new GibbonClientSupplier(backpressure, config.documentsTopic(), documents);
  }

  /** Reads the stores of a running application that has this topology. */
  public StateReader reader(KafkaStreams streams) {
    return new LocalStateReader(
        streams, open, calibrations, config.partitions(), encoder.profile());
  }

  /**
   * Ends encoding for good, so that documents in the encoder do not count as cut off by what comes
   * next. To be called before the {@code KafkaStreams} are closed; waits a second at most.
   */
  public void stopEncoding() {
    room.close(STOP_MILLIS);
  }

  /** What the topology has done in this process. */
  public TopologyMetrics metrics() {
    return metrics;
  }
}
