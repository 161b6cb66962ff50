package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.Document;
import io.gibbon.topology.SearchResult.Candidate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The application on a real broker. */
class GibbonStreamsIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir static Path directory;

  private static Cluster cluster;

  @BeforeAll
  static void startBroker() {
    cluster = new Cluster(directory);
  }

  @AfterAll
  static void stopBroker() {
    cluster.close();
  }

  private static TopologyConfig config(String name, Map<String, String> further) {
    Map<String, String> settings = cluster.settings(name, further);
    settings.put("application-id", name);
    settings.put("documents-topic", name + "-in");
    settings.put("context-events-topic", name + "-events");
    settings.put("dead-letters-topic", name + "-dead");
    return TopologyConfig.of(settings);
  }

  @Test
  void documentsAreEncodedFoundReadReplacedAndDeleted() {
    TopologyConfig config = config("life", Map.of());
    ScriptedEncoder encoder = new ScriptedEncoder();
    try (GibbonStreams streams = new GibbonStreams(config, encoder)) {
      streams.start();
      StateReader reader = streams.reader();
      List<Document> documents =
          IntStream.range(0, 10)
              .mapToObj(i -> TopologyHarness.document("c", "" + i, "ferry number" + i + " leaves"))
              .toList();
      cluster.produceDocuments("life-in", documents);
      await().atMost(PATIENCE).until(() -> encoded(reader) == 10);
      assertThat(streams.ready()).isTrue();

      Candidate best = reader.search("c", "When does number7 leave?", 2).candidates().getFirst();
      assertThat(best.context().document().id()).isEqualTo("7");
      assertStates(reader, encoder, best, documents.get(7));

      cluster.produceDocuments(
          "life-in", List.of(TopologyHarness.document("c", "7", "the boat number7 is gone")));
      await().atMost(PATIENCE).until(() -> reader.search("c", "boat", 1).candidates().size() == 1);
      assertThatThrownBy(() -> reader.read(best.context()))
          .isInstanceOf(StateUnavailableException.class);

      cluster.delete("life-in", new DocumentId("c", "7"));
      await().atMost(PATIENCE).until(() -> reader.document(new DocumentId("c", "7")).isEmpty());
      assertThat(reader.search("c", "number7 boat", 5).candidates()).isEmpty();
      assertThat(reader.contexts("c", 100)).hasSize(9);
      assertThat(reader.collections())
          .containsExactly(
              new CollectionStatus(
                  "c",
                  9,
                  0,
                  0,
                  9,
                  reader.contexts("c", 100).stream().mapToLong(c -> c.context().tokens()).sum()));
    }
  }

  private static long encoded(StateReader reader) {
    try {
      return reader.collections().stream().mapToLong(CollectionStatus::documents).sum();
    } catch (StateUnavailableException e) {
      return -1;
    }
  }

  private static void assertStates(
      StateReader reader, ScriptedEncoder encoder, Candidate candidate, Document document) {
    DocumentText text = new DocumentText(document.getTitle(), document.getText());
    try (KvStates read = reader.read(candidate.context());
        KvStates expected = encoder.states(text, candidate.context().index())) {
      assertThat(read.memory().mismatch(expected.memory())).isEqualTo(-1);
    }
  }
}
