package io.gibbon.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.broker.EmbeddedBroker;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.DocumentKey;
import io.gibbon.schemas.serde.DocumentKeys;
import io.gibbon.schemas.serde.RecordSerde;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A standalone worker in its own process, with Kafka's file source, loads the plugin from {@code
 * plugin.path}: our classes are on no other path of that process.
 */
class WorkerIT {

  private static final Path PLUGIN = Path.of("target").toAbsolutePath();
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path dir;

  private EmbeddedBroker broker;
  private Process worker;

  @BeforeEach
  void startBroker() throws Exception {
    broker = EmbeddedBroker.start(dir.resolve("broker"), 0);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
      admin
          .createTopics(
              List.of(new NewTopic("avro", 1, (short) 1), new NewTopic("json", 1, (short) 1)))
          .all()
          .get();
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (worker != null) {
      worker.destroy();
      if (!worker.waitFor(20, TimeUnit.SECONDS)) {
        worker.destroyForcibly();
      }
    }
    broker.close();
  }

  @Test
  void linesOfAFileArriveAsDocuments() throws Exception {
    Path file = dir.resolve("lines.txt");
    Files.writeString(file, "The ferry leaves at 7:40.\nThe clinic opens at 9.\n");
    startWorker(
        connector("avro", file, "io.gibbon.connect.DocumentConverter", Map.of()),
        connector(
            "json",
            file,
            "org.apache.kafka.connect.json.JsonConverter",
            Map.of("value.converter.schemas.enable", "true")));

    assertDocuments(read("avro", 2), file, "The ferry leaves at 7:40.", "The clinic opens at 9.");
    assertDocuments(read("json", 2), file, "The ferry leaves at 7:40.", "The clinic opens at 9.");
    Files.writeString(file, "Tide warning: \u00e9\ud83d\udea2.\n", StandardOpenOption.APPEND);
    assertDocuments(
        read("avro", 3),
        file,
        "The ferry leaves at 7:40.",
        "The clinic opens at 9.",
        "Tide warning: \u00e9\ud83d\udea2.");
  }

  private static void assertDocuments(
      List<ConsumerRecord<byte[], byte[]>> records, Path file, String... texts) {
    RecordSerde<Document> serde = RecordSerde.of(Document.class);
    DocumentKeys keys = new DocumentKeys(null);
    List<Document> documents =
        records.stream().map(r -> serde.deserializer().deserialize(r.topic(), r.value())).toList();

    assertThat(documents).extracting(Document::getText).containsExactly(texts);
    assertThat(documents).extracting(Document::getCollection).containsOnly("lines");
    assertThat(documents).extracting(Document::getMetadata).containsOnly(Map.of());
    assertThat(documents).extracting(Document::getId).doesNotHaveDuplicates();
    assertThat(documents).allSatisfy(d -> assertThat(d.getId()).startsWith(file + "@"));
    assertThat(records.stream().map(r -> keys.parse(r.key())))
        .isEqualTo(
            documents.stream().map(d -> new DocumentKey(d.getCollection(), d.getId())).toList());
  }

  private List<ConsumerRecord<byte[], byte[]>> read(String topic, int count) {
    Map<String, Object> settings = Map.of("bootstrap.servers", broker.bootstrapServers());
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = List.of(new TopicPartition(topic, 0));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      await()
          .atMost(PATIENCE)
          .failFast(
              "the worker ended; see " + PLUGIN.resolve("worker.log"), () -> !worker.isAlive())
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
                return records.size() >= count;
              });
      return records;
    }
  }

  private Path connector(
      String topic, Path file, String converter, Map<String, String> converterSettings)
      throws IOException {
    StringBuilder settings =
        new StringBuilder(
            """
            name=%s
            connector.class=org.apache.kafka.connect.file.FileStreamSourceConnector
            tasks.max=1
            file=%s
            topic=%s
            key.converter=org.apache.kafka.connect.storage.StringConverter
            value.converter=%s
            transforms=doc
            transforms.doc.type=io.gibbon.connect.ToDocument
            transforms.doc.collection=lines
            transforms.doc.id.template=${source.filename}@${position.position}
            """
                .formatted(topic, file, topic, converter));
    converterSettings.forEach((key, value) -> settings.append(key + "=" + value + "\n"));
    return Files.writeString(dir.resolve(topic + ".properties"), settings);
  }

  private void startWorker(Path... connectors) throws IOException {
    Path settings =
        Files.writeString(
            dir.resolve("worker.properties"),
            """
            bootstrap.servers=%s
            key.converter=org.apache.kafka.connect.storage.StringConverter
            value.converter=org.apache.kafka.connect.storage.StringConverter
            offset.storage.file.filename=%s
            plugin.path=%s
            plugin.discovery=SERVICE_LOAD
            listeners=http://127.0.0.1:0
            """
                .formatted(broker.bootstrapServers(), dir.resolve("offsets"), pluginPath()));
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Dlogback.configurationFile=src/test/resources/logback-test.xml",
                "-cp",
                classPathWithoutPlugin(),
                "org.apache.kafka.connect.cli.ConnectStandalone",
                settings.toString()));
    Stream.of(connectors).map(Path::toString).forEach(command::add);
    worker =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(PLUGIN.resolve("worker.log").toFile())
            .start();
  }

  private static Path pluginPath() throws IOException {
    try (Stream<Path> files = Files.list(PLUGIN)) {
      return files
          .filter(p -> Files.isDirectory(p.resolve("gibbon-connect")))
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("no plugin was packed under " + PLUGIN));
    }
  }

  private static String classPathWithoutPlugin() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> entry.endsWith(".jar"))
        .filter(entry -> !Path.of(entry).getFileName().toString().matches("(gibbon|avro)-.*"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}
