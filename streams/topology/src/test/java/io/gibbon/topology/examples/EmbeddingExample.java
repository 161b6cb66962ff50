package io.gibbon.topology.examples;

import io.gibbon.runtime.Encoder;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.GibbonTopology;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.Topics;
import io.gibbon.topology.TopologyConfig;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * A Kafka Streams application that has streams of its own, takes our topology in, and reads what it
 * keeps.
 */
public final class EmbeddingExample implements AutoCloseable {

  private final TopologyConfig config;
  private final KafkaStreams streams;
  private final GibbonTopology gibbon;
  private final StateReader reader;

  /** Builds the application; nothing runs yet. */
  public EmbeddingExample(String bootstrapServers, String stateDir, Encoder encoder) {
    config =
        TopologyConfig.of(
            Map.of(
                "application-id", "shop",
                "documents-topic", "shop-articles",
                "partitions", "2",
                "state-dir", stateDir,
                "kafka.bootstrap.servers", bootstrapServers,
                "kafka.auto.offset.reset", "earliest"));

    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(
            "shop-drafts",
            Consumed.with(Serdes.String(), Serdes.String()).withName("shop-drafts-source"))
        .to(
            "shop-articles",
            Produced.with(Serdes.String(), Serdes.String()).withName("shop-articles-sink"));
    gibbon = GibbonTopology.addTo(builder, config, encoder);

    Properties settings = GibbonTopology.settings(config);
    streams = new KafkaStreams(builder.build(settings), settings, gibbon.clientSupplier());
    reader = gibbon.reader(streams);
  }

  /** Makes the topics that our topology needs, and starts. */
  public void start(Admin admin) {
    Topics.ensure(admin, config);
    streams.start();
  }

  /** Whether answers can use an article. */
  public boolean isUsable(String id) {
    return reader.ready()
        && reader
            .document(new DocumentId("articles", id))
            .filter(status -> status.contexts() > 0)
            .isPresent();
  }

  @Override
  public void close() {
    gibbon.stopEncoding();
    streams.close();
  }
}
