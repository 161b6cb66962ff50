package io.gibbon.cli.ingest;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Produces documents as Avro records with Kafka's own producer. */
public final class KafkaSink implements DocumentSink {

  private final Producer<String, Document> producer;
  private final String topic;

  /**
   * Writes to a topic.
   *
   * @param kafka settings of the producer, {@code bootstrap.servers} among them
   */
  public KafkaSink(Map<String, String> kafka, String topic) {
    Map<String, Object> settings = new HashMap<>();
    settings.put(ProducerConfig.LINGER_MS_CONFIG, "5");
    settings.putAll(kafka);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    this.producer =
        new KafkaProducer<>(
            settings, new StringSerializer(), RecordSerde.of(Document.class).serializer());
    this.topic = topic;
  }

  /** The record key of a document. */
  public static String key(String collection, String id) {
    return collection + "/" + id;
  }

  @Override
  public void send(Document document, Consumer<@Nullable String> done) {
    put(document)
        .whenComplete((timestamp, error) -> done.accept(error == null ? null : error.getMessage()));
  }

  /** Produces a document; completes with the record's timestamp when Kafka has acknowledged it. */
  public CompletableFuture<Long> put(Document document) {
    return produce(key(document.getCollection(), document.getId()), document);
  }

  /** Deletes a document: a tombstone. Completes as {@link #put} does. */
  public CompletableFuture<Long> delete(String collection, String id) {
    return produce(key(collection, id), null);
  }

  private CompletableFuture<Long> produce(String key, @Nullable Document document) {
    CompletableFuture<Long> written = new CompletableFuture<>();
    try {
      producer.send(
          new ProducerRecord<>(topic, key, document),
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
