package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.Document;
import io.gibbon.topology.SearchResult.Candidate;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.streams.KafkaStreams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An instance whose disk gets too small, is full, and has room again. Its state directory is in a
 * file system that only this process sees; ballast beside it takes the room away.
 */
final class FullDiskProcess {

  /** How many documents there are in the end. */
  static final int DOCUMENTS = 40;

  private static final Logger LOG = LoggerFactory.getLogger(FullDiskProcess.class);

  private static final int FIRST = 16;
  private static final int CHARACTERS = 150;
  private static final int MEBIBYTE = 1 << 20;
  private static final int MARGIN = 24 * MEBIBYTE;

  /** By then the room has been looked at again. */
  private static final Duration CHECKED = Duration.ofMillis(1100);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Map<String, String> settings;
  private final Path stateDir;
  private final Path ballast;
  private final ScriptedEncoder encoder = new ScriptedEncoder();

  private FullDiskProcess(Map<String, String> settings) {
    this.settings = settings;
    this.stateDir = Path.of(settings.get("state-dir"));
    this.ballast = stateDir.resolveSibling("ballast");
  }

  /** Argument: a properties file with the topology's settings. Ends with status 1 on a failure. */
  public static void main(String... arguments) throws IOException {
    FullDiskProcess process = new FullDiskProcess(JavaProcess.read(arguments[0]));
    int status = 0;
    try {
      process.pausesWhileThereIsTooLittleRoom();
      process.stopsWhenThereIsNone();
      process.doesNotStartWithoutAny();
      process.goesOnWhenThereIsRoomAgain();
    } catch (Throwable e) {
      LOG.error("A full disk was not told or not outlived", e);
      status = 1;
    }
    Runtime.getRuntime().halt(status);
  }

  private GibbonStreams start(long minFreeDisk) {
    settings.put("min-free-disk", Long.toString(minFreeDisk));
    GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), encoder);
    streams.start();
    return streams;
  }

  private void pausesWhileThereIsTooLittleRoom() throws IOException {
    try (GibbonStreams streams = start(MARGIN)) {
      await().atMost(PATIENCE).until(streams::ready);
      leave(MARGIN / 2);
      await().pollDelay(CHECKED).until(() -> true);
      produce(0, FIRST);
      await()
          .during(Duration.ofSeconds(2))
          .atMost(PATIENCE)
          .until(() -> streams.metrics().encoded.sum() == 0);
      assertThat(streams.failure()).isEmpty();

      Files.delete(ballast);
      awaitEncoded(streams, FIRST);
      assertThat(streams.failure()).isEmpty();
    }
  }

  private void stopsWhenThereIsNone() throws IOException {
    try (GibbonStreams streams = start(0)) {
      awaitEncoded(streams, FIRST);
      leave(2 * MEBIBYTE);
      produce(FIRST, DOCUMENTS);
      awaitFull(streams);
      await().atMost(PATIENCE).until(() -> streams.kafkaStreams().state().hasCompletedShutdown());
      assertThat(streams.kafkaStreams().state())
          .isIn(KafkaStreams.State.NOT_RUNNING, KafkaStreams.State.ERROR);
    }
  }

  private void doesNotStartWithoutAny() throws IOException {
    leave(0);
    try (GibbonStreams streams = start(0)) {
      awaitFull(streams);
    }
  }

  private void awaitFull(GibbonStreams streams) {
    await().atMost(PATIENCE).until(() -> streams.failure().isPresent());
    assertThat(streams.failure().orElseThrow())
        .contains(stateDir.toString())
        .contains("is full: make room and start again");
  }

  private void goesOnWhenThereIsRoomAgain() throws IOException {
    Files.delete(ballast);
    try (GibbonStreams streams = start(0)) {
      awaitEncoded(streams, DOCUMENTS);
      for (Document document : documents(0, DOCUMENTS)) {
        assertStates(streams.reader(), document);
      }
    }
  }

  /** Leaves so many bytes of room. */
  private void leave(long bytes) throws IOException {
    try (OutputStream out = Files.newOutputStream(ballast)) {
      for (long free = free(); free > bytes; free = free()) {
        out.write(new byte[(int) Math.min(MEBIBYTE, free - bytes)]);
      }
    }
  }

  private long free() {
    return ballast.getParent().toFile().getUsableSpace();
  }

  private void produce(int from, int to) {
    Cluster.produceDocuments(
        settings.get("kafka.bootstrap.servers"), "documents", documents(from, to));
  }

  private static List<Document> documents(int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(
            i ->
                TopologyHarness.document(
                    "c", "" + i, ("ferry" + i + " ").repeat(CHARACTERS).substring(0, CHARACTERS)))
        .toList();
  }

  private static void awaitEncoded(GibbonStreams streams, int count) {
    await()
        .atMost(PATIENCE)
        .ignoreException(StateUnavailableException.class)
        .until(
            () ->
                streams.reader().collections().collections().stream()
                        .mapToLong(CollectionStatus::documents)
                        .sum()
                    == count);
  }

  private void assertStates(StateReader reader, Document document) {
    DocumentText text = new DocumentText(document.getTitle(), document.getText());
    List<Candidate> contexts = reader.contexts(new DocumentId("c", document.getId()));
    assertThat(contexts).hasSize(2);
    for (Candidate candidate : contexts) {
      try (KvStates read = reader.read(candidate.context());
          KvStates expected = encoder.states(text, candidate.context().index())) {
        assertThat(read.memory().mismatch(expected.memory())).isEqualTo(-1);
      }
    }
  }
}
