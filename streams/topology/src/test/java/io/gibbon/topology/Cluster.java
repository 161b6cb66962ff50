package io.gibbon.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.gibbon.broker.EmbeddedBroker;
import io.gibbon.schemas.Document;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A real broker, and a user's producer and consumer. */
final class Cluster implements AutoCloseable {

  private final Path directory;
  private EmbeddedBroker broker;
  private final int port;

  Cluster(Path directory) {
    this.directory = directory;
    this.broker = EmbeddedBroker.start(directory.resolve("broker"), 0);
    this.port = broker.port();
  }

  String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  void stopBroker() {
    broker.close();
  }

  void startBroker() {
    broker = EmbeddedBroker.start(directory.resolve("broker"), port);
  }

  /** Settings that make failures quick to notice. */
  Map<String, String> settings(String state, Map<String, String> further) {
    Map<String, String> settings = new HashMap<>();
    settings.put("state-dir", directory.resolve(state).toString());
    settings.put("partitions", "2");
    settings.put("kafka.bootstrap.servers", bootstrapServers());
    settings.put("kafka.main.consumer.session.timeout.ms", "6000");
    settings.put("kafka.main.consumer.heartbeat.interval.ms", "500");
    settings.put("kafka.main.consumer.auto.offset.reset", "earliest");
    settings.putAll(further);
    return settings;
  }

  /** Sends records and returns when all are acknowledged. */
  void produce(List<ProducerRecord<byte[], byte[]>> records) {
    produce(bootstrapServers(), records);
  }

  private static void produce(
      String bootstrapServers, List<ProducerRecord<byte[], byte[]>> records) {
    Map<String, Object> config =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ProducerConfig.ACKS_CONFIG,
            "all");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      records.forEach(producer::send);
      producer.flush();
    }
  }

  void produceDocuments(String topic, List<Document> documents) {
    produceDocuments(bootstrapServers(), topic, documents);
  }

  /** As the other, also from another process. */
  static void produceDocuments(String bootstrapServers, String topic, List<Document> documents) {
    produce(
        bootstrapServers,
        documents.stream()
            .map(
                document ->
                    new ProducerRecord<byte[], byte[]>(topic, TopologyHarness.bytes(document)))
            .toList());
  }

  void delete(String topic, DocumentId document) {
    produce(List.of(new ProducerRecord<>(topic, document.toString().getBytes(UTF_8), null)));
  }

  /** Everything committed in a topic until nothing came for a moment. */
  List<ConsumerRecord<byte[], byte[]>> consume(String topic) {
    Map<String, Object> config =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers(),
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            "read_committed",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest");
    List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        consumer.poll(Duration.ofMillis(100)).forEach(all::add);
      }
    }
    return all;
  }

  @Override
  public void close() {
    broker.close();
  }
}
