package io.gibbon.topology.internals;

import io.gibbon.runtime.Encoder;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * The topology: documents are identified, go to their own partition, and are kept and encoded
 * there.
 *
 * <pre>
 *   documents -> identify -> repartition -> encode -> context events
 *                   |                        |  ^
 *                   +---> dead letters <-----+  |
 *                                            v  |
 *                                         profiles
 * </pre>
 */
public final class Ingestion {

  private static final Serde<byte[]> BYTES = Serdes.ByteArray();

  private final TopologyConfig config;
  private final Encoder encoder;
  private final EncoderRoom room;
  private final DocumentReader documents;
  private final Backpressure backpressure;
  private final TopologyMetrics metrics;
  private final Profiles profiles;
  private final Calibrations calibrations;
  private final DiskGuard disk;
  private final OpenStores open;

  /** The topology's parts that its processors share. */
  public Ingestion(
      TopologyConfig config,
      Encoder encoder,
      DocumentReader documents,
      EncoderRoom room,
      OpenStores open,
      Calibrations calibrations,
      Backpressure backpressure,
      TopologyMetrics metrics) {
    this.config = config;
    this.encoder = encoder;
    this.documents = documents;
    this.room = room;
    this.open = open;
    this.calibrations = calibrations;
    this.backpressure = backpressure;
    this.metrics = metrics;
    this.disk = new DiskGuard(config.minFreeDisk());
    this.profiles = new Profiles(encoder.profile(), config.partitions());
  }

  /** Adds everything to a builder. */
  public void addTo(StreamsBuilder builder) {
    String record = TopicNames.profiles(config.applicationId());
    builder.addGlobalStore(
        Profiles.store(),
        record,
        Consumed.with(BYTES, BYTES).withName("gibbon-profiles-source"),
        () -> new ProfileListener(profiles, calibrations));

    KStream<byte[], Output> identified =
        builder.stream(config.documentsTopic(), source())
            .process(
                () -> new IdentifyProcessor(config, documents, metrics),
                Named.as("gibbon-identify"));
    sendDeadLetters(identified, "gibbon-refused");

    KStream<byte[], Output> encoded =
        select(identified, Output.Identified.class, "gibbon-identified")
            .repartition(
                Repartitioned.<byte[], byte[]>as(TopicNames.REPARTITION)
                    .withKeySerde(BYTES)
                    .withValueSerde(BYTES)
                    .withNumberOfPartitions(config.partitions())
                    .withStreamPartitioner(
                        (topic, key, value, partitions) ->
                            Optional.of(Set.of(TopicKeys.partition(key, partitions)))))
            .process(encoding(), Named.as("gibbon-encode"));
    sendDeadLetters(encoded, "gibbon-failed");
    select(encoded, Output.Event.class, "gibbon-events")
        .to(config.contextEventsTopic(), sink("gibbon-context-events-sink"));
    select(encoded, Output.Profile.class, "gibbon-profiles")
        .to(record, sink("gibbon-profiles-sink"));
  }

  /** A record from before Kafka had timestamps counts as the oldest. */
  private static Consumed<byte[], byte[]> source() {
    return Consumed.with(BYTES, BYTES)
        .withTimestampExtractor((record, partitionTime) -> Math.max(0, record.timestamp()))
        .withName("gibbon-documents-source");
  }

  private ProcessorSupplier<byte[], byte[], byte[], Output> encoding() {
    return new ProcessorSupplier<>() {
      @Override
      public Processor<byte[], byte[], byte[], Output> get() {
        return new EncodeProcessor(
            config, encoder, room, profiles, open, disk, backpressure, metrics);
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        return Stores.builders(config);
      }
    };
  }

  private void sendDeadLetters(KStream<byte[], Output> outputs, String name) {
    select(outputs, Output.DeadLetter.class, name)
        .to(config.deadLettersTopic(), sink(name + "-sink"));
  }

  private static KStream<byte[], byte[]> select(
      KStream<byte[], Output> outputs, Class<? extends Output> kind, String name) {
    return outputs
        .filter((key, output) -> kind.isInstance(output), Named.as(name))
        .mapValues(Output::value, Named.as(name + "-value"));
  }

  private static Produced<byte[], byte[]> sink(String name) {
    return Produced.with(BYTES, BYTES).withName(name);
  }
}
