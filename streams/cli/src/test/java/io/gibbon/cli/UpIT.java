package io.gibbon.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.cli.client.Answer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.ingest.KafkaSink;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.ContextEventKind;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.TopologyConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpIT {

  private static final Duration AT_ONCE = Duration.ofSeconds(30);

  @TempDir Path directory;

  @Test
  void answersFromWhatAConsoleProducerWroteAndKeepsItOverATermination() throws Exception {
    Path data = directory.resolve("data");
    try (GibbonProcess first = GibbonProcess.up(data)) {
      produce(
          first,
          "{\"id\":\"x\",\"collection\":\"c\",\"text\":\"The harbour master of Skarn is Astrid Berg.\"}");
      assertAnswers(first);
      refusesASecondProcess(data);
      looksAtAllTopics(data, first);
      first.terminate();
      first.await(AT_ONCE);
    }
    try (GibbonProcess second = GibbonProcess.up(data)) {
      assertAnswers(second);
      assertThat(encodings(second)).containsExactly("x");
    }
  }

  private static void refusesASecondProcess(Path data) throws Exception {
    try (GibbonProcess other =
        GibbonProcess.start(data, "up", "--port", "0", "--broker-port", "0")) {
      assertThat(other.await(AT_ONCE)).isEqualTo(1);
      assertThat(other.output()).contains("in use by another Gibbon").doesNotContain("\tat ");
    }
  }

  private static void looksAtAllTopics(Path data, GibbonProcess running) throws Exception {
    try (GibbonProcess doctor =
        GibbonProcess.start(data, "doctor", "--bootstrap-servers", running.bootstrapServers())) {
      doctor.await(AT_ONCE);
      String topics = "documents context-events dead-letters generation-requests generation-events";
      for (String topic : topics.split(" ")) {
        assertThat(doctor.output()).containsPattern("ok +Topic " + topic + " +\\d+ partitions");
      }
    }
  }

  private static void assertAnswers(GibbonProcess gibbon) {
    try (GibbonClient client = gibbon.client()) {
      awaitDocuments(client, 1);
      Answer answer =
          client.ask(
              GibbonClient.Question.over("c", "Who is the harbour master of Skarn?"), text -> {});
      assertThat(answer.text()).contains("Astrid Berg");
      assertThat(answer.contexts()).extracting(Answer.Context::document).containsExactly("x");
    }
  }

  @Test
  void losesAndRepeatsNothingWhenKilledWhileIngesting() throws Exception {
    Path data = directory.resolve("data");
    int count = 80;
    try (GibbonProcess first = GibbonProcess.up(data);
        GibbonClient client = first.client();
        KafkaSink sink = sink(first)) {
      List<CompletableFuture<Long>> written = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        written.add(sink.put(document(i)));
      }
      written.forEach(CompletableFuture::join);
      await()
          .atMost(GibbonProcess.PATIENCE)
          .until(() -> client.collection("c").filter(c -> c.documents() > 5).isPresent());
      first.kill();
    }
    try (GibbonProcess second = GibbonProcess.up(data);
        GibbonClient client = second.client()) {
      awaitDocuments(client, count);
      List<String> encoded = encodings(second);
      assertThat(encoded).hasSize(count).doesNotHaveDuplicates();
    }
  }

  private static void awaitDocuments(GibbonClient client, int count) {
    await()
        .atMost(GibbonProcess.PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(
            () ->
                assertThat(client.collection("c"))
                    .hasValueSatisfying(
                        c -> {
                          assertThat(c.documents()).isEqualTo(count);
                          assertThat(c.pending()).isZero();
                          assertThat(c.failed()).isZero();
                        }));
  }

  private static Document document(int i) {
    return Document.newBuilder()
        .setCollection("c")
        .setId("d" + i)
        .setText("House %d of the village stands at the end of lane %d.".formatted(i, i * 7))
        .build();
  }

  private static KafkaSink sink(GibbonProcess gibbon) {
    return new KafkaSink(
        TopologyConfig.of(Map.of("kafka.bootstrap.servers", gibbon.bootstrapServers())));
  }

  /** As Kafka's console producer does: a value and no key. */
  private static void produce(GibbonProcess gibbon, String value) throws Exception {
    Map<String, Object> settings = Map.of("bootstrap.servers", gibbon.bootstrapServers());
    try (var producer =
        new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>("documents", value)).get();
    }
  }

  /** Ids of all documents that committed context events call encoded, in any order. */
  private static List<String> encodings(GibbonProcess gibbon) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", gibbon.bootstrapServers(), "isolation.level", "read_committed");
    List<String> ids = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(
            settings,
            new StringDeserializer(),
            RecordSerde.of(ContextEvent.class).deserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor("context-events").stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        for (ConsumerRecord<String, ContextEvent> event : consumer.poll(Duration.ofMillis(200))) {
          if (event.value().getKind() == ContextEventKind.ENCODED) {
            ids.add(event.value().getId());
          }
        }
      }
    }
    return ids;
  }
}
