package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.SearchResult.Candidate;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process that ends while a document of many pages is being written, one page at a time: some of
 * its pages are committed, others are not.
 */
class CrashBetweenPagesIT {

  private static final Duration PATIENCE = Duration.ofSeconds(100);
  private static final int DOCUMENTS = 3;

  /** Contexts of a document: two pages each. */
  private static final int CONTEXTS = 5;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"changelog", "rebuild"})
  void everyDocumentIsWholeAfterwards(String durability) throws Exception {
    try (Cluster cluster = new Cluster(directory)) {
      Map<String, String> settings =
          cluster.settings(
              "state",
              Map.of(
                  "group-instance-id",
                  "one",
                  "partitions",
                  "1",
                  "durability",
                  durability,
                  "write-bytes",
                  Integer.toString(KvStates.PAGE_BYTES)));
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
        Topics.ensure(admin, TopologyConfig.of(settings));
      }
      List<Document> documents = documents();
      cluster.produceDocuments("documents", documents);
      int inTheSecond = CONTEXTS + CONTEXTS / 2;
      assertThat(CrashingProcess.run(directory, settings, inTheSecond, ScriptedEncoder.FINGERPRINT))
          .isEqualTo(CrashingProcess.STATUS);
      assertThat(cluster.consume("context-events")).hasSizeLessThan(DOCUMENTS);

      ScriptedEncoder encoder = new ScriptedEncoder();
      try (GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), encoder)) {
        streams.start();
        await()
            .atMost(PATIENCE)
            .ignoreException(StateUnavailableException.class)
            .until(() -> isWhole(streams.reader(), documents));
        for (Document document : documents) {
          assertStates(streams.reader(), encoder, document);
        }
      }
      assertThat(encoder.encoded()).doesNotHaveDuplicates();
      assertThat(cluster.consume("context-events"))
          .extracting(record -> event(record.value()).getId())
          .doesNotHaveDuplicates()
          .hasSize(DOCUMENTS);
    }
  }

  private static List<Document> documents() {
    return IntStream.range(0, DOCUMENTS)
        .mapToObj(
            i ->
                TopologyHarness.document(
                    "c",
                    "" + i,
                    ("ferry" + i + " ")
                        .repeat(200)
                        .substring(0, CONTEXTS * ScriptedEncoder.CONTEXT_CHARACTERS)))
        .toList();
  }

  private static boolean isWhole(StateReader reader, List<Document> documents) {
    return documents.stream()
        .allMatch(document -> reader.contexts(id(document)).size() == CONTEXTS);
  }

  private static void assertStates(StateReader reader, ScriptedEncoder encoder, Document document) {
    DocumentText text = new DocumentText(document.getTitle(), document.getText());
    for (Candidate candidate : reader.contexts(id(document))) {
      try (KvStates read = reader.read(candidate.context());
          KvStates expected = encoder.states(text, candidate.context().index())) {
        assertThat(read.pageCount()).isEqualTo(2);
        assertThat(read.memory().mismatch(expected.memory())).isEqualTo(-1);
      }
    }
  }

  private static DocumentId id(Document document) {
    return new DocumentId(document.getCollection(), document.getId());
  }

  private static ContextEvent event(byte[] value) {
    return RecordSerde.of(ContextEvent.class).deserializer().deserialize("", value);
  }
}
