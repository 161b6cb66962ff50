package io.gibbon.server.documents;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.DocumentRules;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.After;
import io.gibbon.server.answer.RequestException;
import io.gibbon.topology.DocumentId;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Produces documents. Thread-safe; writes block until Kafka has acknowledged them. */
public final class DocumentWriter implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DocumentWriter.class);

  private final Producer<byte[], byte[]> producer;
  private final String topic;
  private final int maxDocumentBytes;
  private final Serializer<Document> serializer = RecordSerde.of(Document.class).serializer();
  private final AtomicLong lastTimestamp = new AtomicLong();

  /**
   * A write that Kafka has acknowledged.
   *
   * @param after names it for reads that must see it
   * @param topic where the record lies
   * @param partition of the topic
   * @param offset in the partition
   */
  public record Written(After after, String topic, int partition, long offset) {}

  /** Writes with a producer of its own. */
  public DocumentWriter(ServerConfig config) {
    this.producer =
        new KafkaProducer<>(
            config.kafkaClient(
                Map.of(ProducerConfig.ACKS_CONFIG, "all", ProducerConfig.LINGER_MS_CONFIG, "0")),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    this.topic = config.documentsTopic();
    this.maxDocumentBytes = config.maxDocumentBytes();
  }

  /**
   * Writes a document.
   *
   * @throws RequestException if it breaks a rule for documents, or Kafka does not take it
   */
  public Written put(Document document) {
    try {
      DocumentRules.check(document);
      DocumentId id = new DocumentId(document.getCollection(), document.getId());
      return send(id, serialize(document));
    } catch (InvalidRecordException e) {
      throw RequestException.invalid(e.field(), e.getMessage());
    }
  }

  private byte[] serialize(Document document) {
    byte[] bytes = serializer.serialize(topic, document);
    if (bytes.length > maxDocumentBytes) {
      throw RequestException.refused(
          413,
          "document_too_large",
          "The document has %,d bytes as Avro, the limit is %,d: split it."
              .formatted(bytes.length, maxDocumentBytes));
    }
    return bytes;
  }

  /**
   * Writes a tombstone.
   *
   * @throws RequestException if the name is not one of a document, or Kafka does not take it
   */
  public Written delete(DocumentId document) {
    try {
      DocumentRules.checkCollection(document.collection());
      DocumentRules.checkId(document.id());
    } catch (InvalidRecordException e) {
      throw RequestException.invalid(e.field(), e.getMessage());
    }
    return send(document, null);
  }

  private Written send(DocumentId id, byte @Nullable [] value) {
    long timestamp = nextTimestamp();
    try {
      RecordMetadata metadata =
          producer.send(new ProducerRecord<>(topic, null, timestamp, key(id), value)).get();
      return new Written(
          new After(id, metadata.timestamp()),
          metadata.topic(),
          metadata.partition(),
          metadata.offset());
    } catch (ExecutionException e) {
      throw refused(e.getCause());
    } catch (KafkaException e) {
      throw refused(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RequestException.unavailable("stopping", "The server is stopping.");
    }
  }

  private static RequestException refused(Throwable cause) {
    if (cause instanceof RecordTooLargeException) {
      return RequestException.refused(
          413,
          "document_too_large",
          "The document is larger than Kafka takes: " + cause.getMessage());
    }
    LOG.warn("Kafka did not take a document: {}", cause.toString());
    return RequestException.unavailable(
        "kafka_unavailable", "Kafka did not take the document; try again in a moment.");
  }

  /** Strictly increasing, so that two writes of one document never share a version. */
  private long nextTimestamp() {
    return lastTimestamp.updateAndGet(last -> Math.max(last + 1, System.currentTimeMillis()));
  }

  private static byte[] key(DocumentId id) {
    return new JsonObject()
        .put("collection", id.collection())
        .put("id", id.id())
        .encode()
        .getBytes(StandardCharsets.UTF_8);
  }

  /** Sends what is underway, for 10 seconds at most, then closes. */
  @Override
  public void close() {
    producer.close(Duration.ofSeconds(10));
  }
}
