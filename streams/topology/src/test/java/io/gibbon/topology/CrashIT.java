package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.examples.EmbeddingExample;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes and brokers that end without a word. */
class CrashIT {

  private static final Duration PATIENCE = Duration.ofSeconds(100);
  private static final int DOCUMENTS = 60;

  @TempDir Path directory;

  private Cluster cluster;

  @BeforeEach
  void startBroker() {
    cluster = new Cluster(directory);
  }

  @AfterEach
  void stopBroker() {
    cluster.close();
  }

  @Test
  void afterAKillEveryAcknowledgedDocumentIsEncodedOnceAndByteIdentical() throws Exception {
    Map<String, String> settings =
        cluster.settings("state", Map.of("group-instance-id", "one", "in-flight-documents", "4"));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
      Topics.ensure(admin, TopologyConfig.of(settings));
    }
    List<Document> documents = documents();
    cluster.produceDocuments("documents", documents);
    assertThat(CrashingProcess.run(directory, settings, DOCUMENTS / 3, ScriptedEncoder.FINGERPRINT))
        .isEqualTo(CrashingProcess.STATUS);
    assertThat(cluster.consume("context-events")).hasSizeLessThan(DOCUMENTS);

    ScriptedEncoder encoder = new ScriptedEncoder();
    try (GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), encoder)) {
      streams.start();
      awaitEncoded(streams);
      for (Document document : documents) {
        assertStates(streams.reader(), encoder, document);
      }
      assertThat(streams.reader().contexts("c", 1000).candidates()).hasSize(DOCUMENTS);
    }
    assertThat(encoder.encoded()).doesNotHaveDuplicates().hasSizeLessThan(DOCUMENTS);
    assertThat(cluster.consume("context-events"))
        .extracting(record -> event(record.value()).getId())
        .doesNotHaveDuplicates()
        .hasSize(DOCUMENTS);
  }

  @Test
  void aBrokerThatGoesAwayAndComesBackLosesNothing() {
    TopologyConfig config = TopologyConfig.of(cluster.settings("state", Map.of()));
    ScriptedEncoder encoder = new ScriptedEncoder();
    try (GibbonStreams streams = new GibbonStreams(config, encoder)) {
      streams.start();
      await().atMost(PATIENCE).until(streams::ready);
      encoder.hold();
      cluster.produceDocuments("documents", documents());
      await().atMost(PATIENCE).until(() -> !encoder.encoded().isEmpty());
      cluster.stopBroker();
      encoder.release();
      cluster.startBroker();
      awaitEncoded(streams);
      assertThat(streams.failure()).isEmpty();
    }
    assertThat(cluster.consume("context-events"))
        .extracting(record -> event(record.value()).getId())
        .doesNotHaveDuplicates()
        .hasSize(DOCUMENTS);
  }

  @Test
  void aHostsOwnApplicationTakesTheTopologyIn() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()));
        EmbeddingExample example =
            new EmbeddingExample(
                cluster.bootstrapServers(),
                directory.resolve("shop").toString(),
                new ScriptedEncoder())) {
      admin.createTopics(List.of(new NewTopic("shop-drafts", 1, (short) 1))).all().get();
      example.start(admin);
      String draft = "{\"collection\":\"articles\",\"id\":\"1\",\"text\":\"A boat.\"}";
      cluster.produce(
          List.of(new ProducerRecord<>("shop-drafts", draft.getBytes(StandardCharsets.UTF_8))));
      await()
          .atMost(PATIENCE)
          .ignoreException(StateUnavailableException.class)
          .until(() -> example.isUsable("1"));
    }
  }

  private static List<Document> documents() {
    return IntStream.range(0, DOCUMENTS)
        .mapToObj(i -> TopologyHarness.document("c", "" + i, "ferry number" + i))
        .toList();
  }

  private static void awaitEncoded(GibbonStreams streams) {
    await()
        .atMost(PATIENCE)
        .ignoreException(StateUnavailableException.class)
        .until(
            () ->
                streams.reader().collections().collections().stream()
                        .mapToLong(CollectionStatus::documents)
                        .sum()
                    == DOCUMENTS);
  }

  private static void assertStates(StateReader reader, ScriptedEncoder encoder, Document document) {
    DocumentId id = new DocumentId(document.getCollection(), document.getId());
    DocumentText text = new DocumentText(document.getTitle(), document.getText());
    for (Candidate candidate : reader.contexts(id)) {
      try (KvStates read = reader.read(candidate.context());
          KvStates expected = encoder.states(text, candidate.context().index())) {
        assertThat(read.memory().mismatch(expected.memory())).isEqualTo(-1);
      }
    }
  }

  private static ContextEvent event(byte[] value) {
    return RecordSerde.of(ContextEvent.class).deserializer().deserialize("", value);
  }
}
