package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.ContextEventKind;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.internals.Stores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two instances that pass from one model to another, one after the other. */
class ModelChangeIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String OLD = ScriptedEncoder.FINGERPRINT;
  private static final String NEW = "00000000000000bb";
  private static final int DOCUMENTS = 20;

  @TempDir Path directory;

  private final ScriptedEncoder oldModel = new ScriptedEncoder(OLD);
  private final ScriptedEncoder newModel = new ScriptedEncoder(NEW);
  private final List<GibbonStreams> running = new ArrayList<>();
  private Cluster cluster;

  @BeforeEach
  void startBroker() {
    cluster = new Cluster(directory);
  }

  @AfterEach
  void stop() {
    running.forEach(GibbonStreams::close);
    cluster.close();
  }

  private GibbonStreams start(String name, ScriptedEncoder encoder) {
    Map<String, String> settings =
        cluster.settings(name, Map.of("kafka.acceptable.recovery.lag", "1000000"));
    GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), encoder);
    running.add(streams);
    streams.start();
    return streams;
  }

  private void stop(GibbonStreams streams) {
    running.remove(streams);
    streams.close();
  }

  @Test
  void aRollingRestartEncodesEveryDocumentOnceUnderEachProfile() throws Exception {
    GibbonStreams first = start("first", oldModel);
    GibbonStreams second = start("second", oldModel);
    List<Document> documents = documents();
    cluster.produceDocuments("documents", documents);
    awaitEncoded(first, second);
    Calibration learnt = new Calibration(0.7, 0.9, List.of(new Head(0, 0)));
    first.reader().keep(learnt);
    awaitCalibration(second, learnt);

    stop(second);
    newModel.hold();
    second = start("second", newModel);
    awaitPartitions(second, 1);
    await().atMost(PATIENCE).until(() -> !newModel.encoded().isEmpty());
    assertStates(first.reader(), oldModel, documents);
    assertThat(second.reader().calibration()).as("of another model").isEmpty();

    stop(second);
    awaitEncoded(first);
    assertThat(assertStates(first.reader(), oldModel, documents)).isEqualTo(DOCUMENTS);
    assertThat(oldModel.encoded()).doesNotHaveDuplicates().hasSize(DOCUMENTS);

    newModel.release();
    second = start("second", newModel);
    awaitPartitions(second, 1);
    awaitEncoded(first, second);
    assertThat(profiles(second)).as("the flip needs both partitions").contains(OLD, NEW);
    assertThat(profiles(first)).containsOnly(OLD);

    stop(first);
    awaitEncoded(second);
    await().atMost(PATIENCE).until(() -> !profiles(second()).contains(OLD));
    assertThat(assertStates(second.reader(), newModel, documents)).isEqualTo(DOCUMENTS);
    first = start("first", newModel);
    awaitPartitions(first, 1);
    awaitEncoded(first, second);
    assertThat(profiles(first)).containsOnly(NEW).hasSize(profiles(first).size());
    assertThat(encodedEvents(OLD)).hasSize(DOCUMENTS).doesNotHaveDuplicates();
    assertThat(encodedEvents(NEW)).hasSize(DOCUMENTS).doesNotHaveDuplicates();
  }

  private static void awaitCalibration(GibbonStreams streams, Calibration learnt) {
    await()
        .atMost(PATIENCE)
        .until(() -> streams.reader().calibration().equals(Optional.of(learnt)));
  }

  private GibbonStreams second() {
    return running.getFirst();
  }

  @Test
  void aKillWhileTheNewProfileIsComingLosesAndRepeatsNothing() throws Exception {
    Map<String, String> settings =
        cluster.settings("one", Map.of("group-instance-id", "one", "in-flight-documents", "2"));
    try (GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), oldModel)) {
      streams.start();
      cluster.produceDocuments("documents", documents());
      awaitEncoded(streams);
    }
    assertThat(CrashingProcess.run(directory, settings, DOCUMENTS / 2, NEW))
        .isEqualTo(CrashingProcess.STATUS);

    try (GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), newModel)) {
      streams.start();
      await()
          .atMost(PATIENCE)
          .ignoreException(StateUnavailableException.class)
          .until(() -> assertStates(streams.reader(), newModel, documents()) == DOCUMENTS);
      await().atMost(PATIENCE).until(() -> !profiles(streams).contains(OLD));
      assertThat(profiles(streams)).hasSize(DOCUMENTS);
    }
    assertThat(encodedEvents(NEW)).hasSize(DOCUMENTS).doesNotHaveDuplicates();
  }

  private static List<Document> documents() {
    return IntStream.range(0, DOCUMENTS)
        .mapToObj(i -> TopologyHarness.document("c", "" + i, "ferry number" + i + " leaves"))
        .toList();
  }

  /** Waits until the instances together, each for its own profile, have every document. */
  private static void awaitEncoded(GibbonStreams... instances) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              long usable = 0;
              for (GibbonStreams instance : instances) {
                usable += usable(instance);
              }
              return usable == DOCUMENTS;
            });
  }

  private static long usable(GibbonStreams instance) {
    try {
      return instance.reader().contexts("c", 1000).candidates().size();
    } catch (StateUnavailableException e) {
      return 0;
    }
  }

  private static void awaitPartitions(GibbonStreams instance, int partitions) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                instance.ready()
                    && instance.kafkaStreams().metadataForLocalThreads().stream()
                            .flatMap(thread -> thread.activeTasks().stream())
                            .filter(task -> task.taskId().subtopology() == 1)
                            .count()
                        == partitions);
  }

  /** Reads all states that an instance has, and returns of how many documents. */
  private static int assertStates(
      StateReader reader, ScriptedEncoder encoder, List<Document> documents) {
    int read = 0;
    for (Document document : documents) {
      for (Candidate candidate : contexts(reader, document)) {
        DocumentText text = new DocumentText(document.getTitle(), document.getText());
        try (KvStates states = reader.read(candidate.context());
            KvStates expected = encoder.states(text, candidate.context().index())) {
          assertThat(states.memory().mismatch(expected.memory())).isEqualTo(-1);
        }
        read++;
      }
    }
    return read;
  }

  private static List<Candidate> contexts(StateReader reader, Document document) {
    try {
      return reader.contexts(new DocumentId(document.getCollection(), document.getId()));
    } catch (StateUnavailableException e) {
      return List.of();
    }
  }

  /** The profiles of all manifests that an instance has. */
  private static List<String> profiles(GibbonStreams instance) {
    ReadOnlyKeyValueStore<Bytes, Manifest> manifests =
        instance
            .kafkaStreams()
            .store(
                StoreQueryParameters.fromNameAndType(
                    Stores.MANIFESTS, QueryableStoreTypes.keyValueStore()));
    List<String> profiles = new ArrayList<>();
    try (KeyValueIterator<Bytes, Manifest> all = manifests.all()) {
      all.forEachRemaining(pair -> profiles.add(pair.value.getProfile()));
    }
    return profiles;
  }

  /** Documents whose encoding under a profile was told, once for each time. */
  private List<String> encodedEvents(String profile) {
    return cluster.consume("context-events").stream()
        .map(
            record ->
                RecordSerde.of(ContextEvent.class).deserializer().deserialize("", record.value()))
        .filter(event -> event.getKind() == ContextEventKind.ENCODED)
        .filter(event -> event.getProfile().equals(profile))
        .map(ContextEvent::getId)
        .toList();
  }
}
