package io.gibbon.cli.ingest;

import io.gibbon.cli.UserException;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.TopologyConfig;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Produces documents as Avro records with Kafka's own producer. */
public final class KafkaSink implements DocumentSink {

  private static final String MAX_BLOCK_MS = "15000";

  private final Producer<String, byte[]> producer;
  private final Serializer<Document> serializer = RecordSerde.of(Document.class).serializer();
  private final String topic;
  private final int maxDocumentBytes;

  /**
   * Writes to the topic of a topology's documents, no larger ones than it takes.
   *
   * @throws UserException if Kafka does not answer, or the topic does not exist
   */
  public KafkaSink(TopologyConfig topology) {
    this(topology, producer(topology.kafka()));
    try {
      producer.partitionsFor(topic);
    } catch (KafkaException e) {
      producer.close(Duration.ZERO);
      throw new UserException(
          "Kafka at %s does not answer, or has no topic %s for us: %s"
              .formatted(topology.kafka().get("bootstrap.servers"), topic, e.getMessage()),
          e);
    }
  }

  /** Writes with a producer, which is closed with the sink. */
  public KafkaSink(TopologyConfig topology, Producer<String, byte[]> producer) {
    this.producer = producer;
    this.topic = topology.documentsTopic();
    this.maxDocumentBytes = topology.maxDocumentBytes();
  }

  private static Producer<String, byte[]> producer(Map<String, String> kafka) {
    Map<String, Object> settings = new HashMap<>();
    settings.put(ProducerConfig.LINGER_MS_CONFIG, "5");
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, MAX_BLOCK_MS);
    settings.putAll(kafka);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
  }

  /** The record key of a document. */
  public static String key(String collection, String id) {
    return collection + "/" + id;
  }

  @Override
  public void send(Document document, Consumer<@Nullable String> done) {
    put(document)
        .whenComplete((timestamp, error) -> done.accept(error == null ? null : reason(error)));
  }

  private static String reason(Throwable error) {
    return Objects.requireNonNullElse(error.getMessage(), error.getClass().getSimpleName());
  }

  /** Produces a document; completes with the record's timestamp when Kafka has acknowledged it. */
  public CompletableFuture<Long> put(Document document) {
    byte[] bytes = serializer.serialize(topic, document);
    if (bytes.length > maxDocumentBytes) {
      return CompletableFuture.failedFuture(
          new UserException(
              "%,d bytes as Avro, the limit is %,d: split the document"
                  .formatted(bytes.length, maxDocumentBytes)));
    }
    return produce(key(document.getCollection(), document.getId()), bytes);
  }

  /** Deletes a document: a tombstone. Completes as {@link #put} does. */
  public CompletableFuture<Long> delete(String collection, String id) {
    return produce(key(collection, id), null);
  }

  private CompletableFuture<Long> produce(String key, byte @Nullable [] value) {
    CompletableFuture<Long> written = new CompletableFuture<>();
    try {
      producer.send(
          new ProducerRecord<>(topic, key, value),
          (metadata, error) -> {
            if (error == null) {
              written.complete(metadata.timestamp());
            } else {
              written.completeExceptionally(error);
            }
          });
    } catch (KafkaException e) {
      written.completeExceptionally(e);
    }
    return written;
  }

  @Override
  public void flush() {
    producer.flush();
  }

  @Override
  public void close() {
    producer.close();
  }
}
