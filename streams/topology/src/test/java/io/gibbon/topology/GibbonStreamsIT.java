package io.gibbon.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.Document;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.internals.TopicNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.ThreadMetadata;
import org.apache.kafka.streams.processor.StateRestoreListener;
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
      List<Document> documents = documents(10);
      cluster.produceDocuments("life-in", documents);
      awaitEncoded(streams, 10);
      assertThat(streams.ready()).isTrue();

      Candidate best = reader.search("c", "When does number7 leave?", 2).candidates().getFirst();
      assertThat(best.context().document().id()).isEqualTo("7");
      assertStates(reader, encoder, best, documents.get(7));
      assertThat(reader.holds(best.context())).isTrue();
      List<DocumentId> obsolete = new CopyOnWriteArrayList<>();
      Runnable endWatch = reader.watch(obsolete::add);

      cluster.produceDocuments(
          "life-in", List.of(TopologyHarness.document("c", "7", "the boat number7 is gone")));
      await().atMost(PATIENCE).until(() -> reader.search("c", "boat", 1).candidates().size() == 1);
      assertThatThrownBy(() -> reader.read(best.context()))
          .isInstanceOf(StateUnavailableException.class);
      assertThat(reader.holds(best.context())).isFalse();

      DocumentId deleted = new DocumentId("c", "7");
      assertThat(obsolete).as("those that were new replaced nothing").containsExactly(deleted);
      Version before = reader.document(deleted).orElseThrow().version();
      assertThat(reader.deletion(deleted)).isEmpty();
      cluster.delete("life-in", deleted);
      await().atMost(PATIENCE).until(() -> reader.document(deleted).isEmpty());
      await().atMost(PATIENCE).until(() -> obsolete.size() == 2);
      endWatch.run();
      assertThat(reader.deletion(deleted))
          .hasValueSatisfying(v -> assertThat(v).isGreaterThan(before));
      assertThat(reader.deletion(new DocumentId("c", "8"))).isEmpty();
      assertThat(reader.deletion(new DocumentId("c", "never"))).isEmpty();
      assertThat(reader.search("c", "number7 boat", 5).candidates()).isEmpty();
      SearchResult all = reader.contexts("c", 100);
      assertThat(all.candidates()).hasSize(9);
      assertThat(all.complete()).isTrue();
      assertDrawnBySeed(reader, all.candidates());
      assertThat(reader.collections().complete()).isTrue();
      assertThat(reader.collections().collections())
          .containsExactly(
              new CollectionStatus(
                  "c",
                  9,
                  0,
                  0,
                  9,
                  all.candidates().stream().mapToLong(c -> c.context().tokens()).sum()));
    }
  }

  private static void assertDrawnBySeed(StateReader reader, List<Candidate> all) {
    assertThat(reader.sample("c", 100, 1).candidates()).isEqualTo(all);
    assertThat(reader.sample("other", 100, 1).candidates()).isEmpty();
    List<Candidate> drawn = reader.sample("c", 3, 1).candidates();
    assertThat(drawn).hasSize(3).isSubsetOf(all);
    assertThat(reader.sample(null, 3, 1).candidates()).isEqualTo(drawn);
    assertThat(
            LongStream.range(0, 20)
                .mapToObj(seed -> reader.sample("c", 3, seed).candidates())
                .flatMap(List::stream))
        .as("no context is left out for its name")
        .containsAll(all);
  }

  @Test
  void aRestartEncodesNothingAgain() {
    TopologyConfig config = config("again", Map.of());
    List<Document> documents = documents(20);
    try (GibbonStreams streams = new GibbonStreams(config, new ScriptedEncoder())) {
      streams.start();
      cluster.produceDocuments("again-in", documents);
      awaitEncoded(streams, 20);
    }
    ScriptedEncoder second = new ScriptedEncoder();
    try (GibbonStreams streams = new GibbonStreams(config, second)) {
      streams.start();
      awaitEncoded(streams, 20);
      assertAllRead(streams.reader(), second, documents);
      assertThat(second.encoded()).isEmpty();
    }
  }

  @Test
  void aRestartRestoresNothingHoweverLongAgoTheStateDirectoryWasMade() throws Exception {
    try (GibbonStreams streams =
        new GibbonStreams(config("old", Map.of()), new ScriptedEncoder())) {
      streams.start();
      cluster.produceDocuments("old-in", documents(20));
      awaitEncoded(streams, 20);
    }
    for (Path task : TopologyHarness.taskDirectories(directory.resolve("old"))) {
      Files.setLastModifiedTime(task, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
    }
    Map<String, String> patient = Map.of("kafka.state.cleanup.dir.max.age.ms", "999999999");
    try (GibbonStreams streams = new GibbonStreams(config("old", patient), new ScriptedEncoder())) {
      streams.start();
      awaitEncoded(streams, 20);
    }
    RestoredRecords restored = new RestoredRecords();
    try (GibbonStreams streams =
        new GibbonStreams(config("old", Map.of()), new ScriptedEncoder())) {
      streams.kafkaStreams().setGlobalStateRestoreListener(restored);
      streams.start();
      awaitEncoded(streams, 20);
    }
    assertThat(restored.count).hasValue(0);
  }

  private static final class RestoredRecords implements StateRestoreListener {

    private final AtomicLong count = new AtomicLong();

    @Override
    public void onRestoreStart(TopicPartition changelog, String store, long start, long end) {}

    @Override
    public void onBatchRestored(TopicPartition changelog, String store, long end, long records) {}

    @Override
    public void onRestoreEnd(TopicPartition changelog, String store, long records) {
      boolean onDisk = !changelog.topic().equals(TopicNames.profiles("old"));
      count.addAndGet(onDisk ? records : 0);
    }
  }

  @Test
  void aLostDiskIsRestoredFromTheChangelogs() {
    TopologyConfig config = config("disk", Map.of());
    List<Document> documents = documents(20);
    try (GibbonStreams streams = new GibbonStreams(config, new ScriptedEncoder())) {
      streams.start();
      cluster.produceDocuments("disk-in", documents);
      awaitEncoded(streams, 20);
    }
    ScriptedEncoder second = new ScriptedEncoder();
    Map<String, String> elsewhere =
        Map.of("state-dir", directory.resolve("disk-elsewhere").toString());
    try (GibbonStreams streams = new GibbonStreams(config("disk", elsewhere), second)) {
      streams.start();
      awaitEncoded(streams, 20);
      assertAllRead(streams.reader(), second, documents);
      assertThat(streams.reader().search("c", "number11", 1).candidates())
          .extracting(candidate -> candidate.context().document().id())
          .containsExactly("11");
      assertThat(second.encoded()).isEmpty();
    }
  }

  @Test
  void underRebuildALostDiskIsEncodedAgain() {
    List<Document> documents = documents(20);
    Map<String, String> rebuild = Map.of("durability", "rebuild");
    try (GibbonStreams streams =
        new GibbonStreams(config("rebuild", rebuild), new ScriptedEncoder())) {
      streams.start();
      cluster.produceDocuments("rebuild-in", documents);
      awaitEncoded(streams, 20);
    }
    ScriptedEncoder second = new ScriptedEncoder();
    try (GibbonStreams streams = new GibbonStreams(config("rebuild", rebuild), second)) {
      streams.start();
      awaitEncoded(streams, 20);
      assertAllRead(streams.reader(), second, documents);
      assertThat(second.encoded()).isEmpty();
    }
    Map<String, String> elsewhere =
        Map.of(
            "durability",
            "rebuild",
            "state-dir",
            directory.resolve("rebuild-elsewhere").toString());
    try (GibbonStreams streams = new GibbonStreams(config("rebuild", elsewhere), second)) {
      streams.start();
      await().atMost(PATIENCE).until(() -> second.encoded().size() == 20);
      awaitEncoded(streams, 20);
      assertAllRead(streams.reader(), second, documents);
    }
  }

  @Test
  void aFullQueueHoldsDocumentsBackWithoutLosingAny() {
    TopologyConfig config = config("full", Map.of("pending-documents", "5", "partitions", "1"));
    ScriptedEncoder encoder = new ScriptedEncoder();
    encoder.hold();
    List<Document> documents = documents(60);
    try (GibbonStreams streams = new GibbonStreams(config, encoder)) {
      streams.start();
      cluster.produceDocuments("full-in", documents);
      await().atMost(PATIENCE).until(() -> streams.metrics().pending.get() >= 5);
      await()
          .during(Duration.ofSeconds(1))
          .atMost(PATIENCE)
          .until(() -> streams.metrics().pending.get() < 5 + 3 * 16);
      encoder.release();
      awaitEncoded(streams, 60);
    }
    assertThat(encoder.encoded()).doesNotHaveDuplicates().hasSize(60);
  }

  @Test
  void documentsWaitInOrderWhileTheSchemaRegistryIsInTroubleAlsoOverARestart() {
    try (SwitchedRegistry registry = new SwitchedRegistry()) {
      TopologyConfig config = config("registry", Map.of("schema-registry-urls", registry.url()));
      registry.setInTrouble(true);
      try (GibbonStreams streams = new GibbonStreams(config, new ScriptedEncoder())) {
        streams.start();
        await().atMost(PATIENCE).until(streams::ready);
        Set<String> threads = threads(streams);
        long time = System.currentTimeMillis();
        cluster.produce(
            List.of(
                new ProducerRecord<>("registry-in", 0, time, null, json("0", "before")),
                new ProducerRecord<>(
                    "registry-in",
                    0,
                    time,
                    null,
                    SwitchedRegistry.framed(new String(json("1", "older"), UTF_8))),
                new ProducerRecord<>("registry-in", 0, time, null, json("1", "newer")),
                new ProducerRecord<>("registry-in", 1, time, null, json("2", "elsewhere"))));
        awaitEncoded(streams, 2);
        await().atMost(PATIENCE).until(() -> registry.refused() > 1);
        assertThat(streams.reader().document(new DocumentId("c", "1"))).isEmpty();
        assertThat(threads(streams)).as("none was replaced").isEqualTo(threads);
      }
      ScriptedEncoder second = new ScriptedEncoder();
      try (GibbonStreams streams = new GibbonStreams(config, second)) {
        int before = registry.refused();
        streams.start();
        await().atMost(PATIENCE).until(() -> registry.refused() > before);
        registry.setInTrouble(false);
        awaitEncoded(streams, 3);
        assertThat(streams.reader().document(new DocumentId("c", "1")).orElseThrow().text())
            .as("of one moment, the later produced wins")
            .isEqualTo("newer");
      }
      assertThat(second.encoded()).doesNotContain("before", "elsewhere");
      assertThat(cluster.consume("registry-dead")).isEmpty();
    }
  }

  private static Set<String> threads(GibbonStreams streams) {
    return streams.kafkaStreams().metadataForLocalThreads().stream()
        .map(ThreadMetadata::threadName)
        .collect(Collectors.toSet());
  }

  private static byte[] json(String id, String text) {
    return "{\"collection\":\"c\",\"id\":\"%s\",\"text\":\"%s\"}"
        .formatted(id, text)
        .getBytes(UTF_8);
  }

  @Test
  void deadLettersAndEventsAreCommitted() {
    TopologyConfig config = config("dead", Map.of());
    try (GibbonStreams streams = new GibbonStreams(config, new ScriptedEncoder())) {
      streams.start();
      cluster.produce(List.of(new ProducerRecord<>("dead-in", "{\"id\":".getBytes(UTF_8))));
      cluster.produceDocuments("dead-in", documents(1));
      awaitEncoded(streams, 1);
    }
    assertThat(cluster.consume("dead-dead"))
        .singleElement()
        .satisfies(
            dead -> {
              assertThat(dead.value()).isEqualTo("{\"id\":".getBytes(UTF_8));
              assertThat(dead.headers().lastHeader(DeadLetterHeaders.TOPIC).value())
                  .isEqualTo("dead-in".getBytes(UTF_8));
            });
    assertThat(cluster.consume("dead-events")).hasSize(1);
  }

  @Test
  void topicsThatDoNotFitAreRefusedByName() {
    try (GibbonStreams streams =
        new GibbonStreams(config("topics", Map.of()), new ScriptedEncoder())) {
      streams.start();
      await().atMost(PATIENCE).until(streams::ready);
    }
    try (GibbonStreams streams =
        new GibbonStreams(config("topics", Map.of("partitions", "3")), new ScriptedEncoder())) {
      assertThatThrownBy(streams::start)
          .isInstanceOf(TopologyException.class)
          .hasMessageContaining("topics-gibbon-")
          .hasMessageContaining("has 2 partitions, but partitions is 3");
    }
    try (GibbonStreams streams =
        new GibbonStreams(
            config("topics", Map.of("max-document-bytes", "4000000")), new ScriptedEncoder())) {
      assertThatThrownBy(streams::start)
          .isInstanceOf(TopologyException.class)
          .hasMessageContaining("max.message.bytes");
    }
  }

  @Test
  void aRecordOfProfilesThatHasNoOneOrderOrForgetsIsRefusedByName() throws Exception {
    NewTopic wide = new NewTopic("wide-gibbon-profiles", 2, (short) 1);
    NewTopic forgetful = new NewTopic("forgetful-gibbon-profiles", 1, (short) 1);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
      admin.createTopics(List.of(wide, forgetful)).all().get();
      assertThatThrownBy(() -> Topics.ensure(admin, config("wide", Map.of())))
          .isInstanceOf(TopologyException.class)
          .hasMessage("topic wide-gibbon-profiles has 2 partitions, it must have 1");
      assertThatThrownBy(() -> Topics.ensure(admin, config("forgetful", Map.of())))
          .isInstanceOf(TopologyException.class)
          .hasMessageContaining("forgetful-gibbon-profiles has cleanup.policy delete");
    }
  }

  private static List<Document> documents(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> TopologyHarness.document("c", "" + i, "ferry number" + i + " leaves"))
        .toList();
  }

  private static void awaitEncoded(GibbonStreams streams, long count) {
    await().atMost(PATIENCE).until(() -> encoded(streams.reader()), found -> found == count);
  }

  private static void assertAllRead(
      StateReader reader, ScriptedEncoder encoder, List<Document> documents) {
    for (Document document : documents) {
      DocumentId id = new DocumentId(document.getCollection(), document.getId());
      for (Candidate candidate : reader.contexts(id)) {
        assertStates(reader, encoder, candidate, document);
      }
      assertThat(reader.contexts(id)).isNotEmpty();
    }
  }

  private static long encoded(StateReader reader) {
    try {
      return reader.collections().collections().stream()
          .mapToLong(CollectionStatus::documents)
          .sum();
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
