package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.gibbon.schemas.Document;
import io.gibbon.topology.internals.TopicKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be read while a partition is not restored yet. */
class RestoringIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  @Test
  void whatIsStillRestoringIsMissingAndSaidToBeMissing() {
    List<Document> documents =
        IntStream.range(0, 20)
            .mapToObj(i -> TopologyHarness.document("c", "" + i, "ferry number" + i))
            .toList();
    try (Cluster cluster = new Cluster(directory)) {
      fill(TopologyConfig.of(cluster.settings("first", Map.of())), cluster, documents);

      TopologyConfig config = TopologyConfig.of(cluster.settings("second", Map.of()));
      StreamsBuilder builder = new StreamsBuilder();
      GibbonTopology topology = GibbonTopology.addTo(builder, config, new ScriptedEncoder());
      HeldRestoration clients = new HeldRestoration(topology.clientSupplier(), 1);
      Properties settings = GibbonTopology.settings(config);
      try (KafkaStreams streams = new KafkaStreams(builder.build(settings), settings, clients)) {
        streams.start();
        StateReader reader = topology.reader(streams);
        awaitContexts(reader, 1);
        assertPartial(reader, documents);

        clients.release();
        awaitContexts(reader, 20);
        assertThat(reader.contexts("c", 100).complete()).isTrue();
        assertThat(reader.search("c", "ferry", 100).complete()).isTrue();
        assertThat(reader.collections().complete()).isTrue();
      }
    }
  }

  private static void fill(TopologyConfig config, Cluster cluster, List<Document> documents) {
    try (GibbonStreams streams = new GibbonStreams(config, new ScriptedEncoder())) {
      streams.start();
      cluster.produceDocuments("documents", documents);
      awaitContexts(streams.reader(), documents.size());
    }
  }

  private static void awaitContexts(StateReader reader, int atLeast) {
    await()
        .atMost(PATIENCE)
        .ignoreException(StateUnavailableException.class)
        .until(() -> reader.contexts("c", 100).candidates().size() >= atLeast);
  }

  /** Of two partitions only the first is there. */
  private static void assertPartial(StateReader reader, List<Document> documents) {
    assertThat(reader.ready()).isFalse();
    List<String> there = new ArrayList<>();
    for (Document document : documents) {
      DocumentId id = new DocumentId(document.getCollection(), document.getId());
      if (TopicKeys.partition(id, 2) == 0) {
        there.add(id.id());
        assertThat(reader.document(id)).isPresent();
      } else {
        assertThatThrownBy(() -> reader.document(id)).isInstanceOf(StateUnavailableException.class);
        assertThatThrownBy(() -> reader.deletion(id)).isInstanceOf(StateUnavailableException.class);
        assertThatThrownBy(() -> reader.contexts(id)).isInstanceOf(StateUnavailableException.class);
      }
    }
    for (SearchResult result :
        List.of(reader.contexts("c", 100), reader.search("c", "ferry", 100))) {
      assertThat(result.complete()).isFalse();
      assertThat(result.candidates())
          .extracting(candidate -> candidate.context().document().id())
          .containsExactlyInAnyOrderElementsOf(there);
    }
    CollectionList collections = reader.collections();
    assertThat(collections.complete()).isFalse();
    assertThat(collections.collections())
        .singleElement()
        .satisfies(found -> assertThat(found.documents()).isEqualTo(there.size()));
  }
}
