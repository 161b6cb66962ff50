package io.gibbon.server.kafka;

import io.gibbon.schemas.GenerationEvent;
import io.gibbon.schemas.serde.RecordFormat;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.schemas.serde.SerdeOptions;
import io.gibbon.server.ServerConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes events and dead letters, in the order of the calls. Thread-safe; no method waits for
 * Kafka, which happens on one thread of the sink's own.
 */
final class EventSink implements AutoCloseable {

  private final Producer<byte[], byte[]> producer;
  private final Map<RecordFormat, Serializer<GenerationEvent>> serializers =
      Map.of(
          RecordFormat.AVRO, serializer(RecordFormat.AVRO),
          RecordFormat.JSON, serializer(RecordFormat.JSON));
  private final String events;
  private final String deadLetters;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("gibbon-generation-events").factory());

  /** A sink with a producer of its own. */
  EventSink(ServerConfig config) {
    this(
        new KafkaProducer<>(
            config.kafkaClient(
                Map.of(ProducerConfig.ACKS_CONFIG, "all", ProducerConfig.LINGER_MS_CONFIG, "0")),
            new ByteArraySerializer(),
            new ByteArraySerializer()),
        config.eventsTopic(),
        config.deadLettersTopic());
  }

  /** A sink that closes the producer with itself. */
  EventSink(Producer<byte[], byte[]> producer, String events, String deadLetters) {
    this.producer = producer;
    this.events = events;
    this.deadLetters = deadLetters;
  }

  private static Serializer<GenerationEvent> serializer(RecordFormat format) {
    return RecordSerde.of(GenerationEvent.class, SerdeOptions.DEFAULT.withFormat(format))
        .serializer();
  }

  /**
   * Writes an event.
   *
   * @param format how
   * @param done is told null when Kafka has it, or why Kafka does not take it
   */
  void send(GenerationEvent event, RecordFormat format, Consumer<@Nullable Exception> done) {
    byte[] key = event.getRequestId().getBytes(StandardCharsets.UTF_8);
    byte[] value = serializers.get(format).serialize(events, event);
    send(new ProducerRecord<>(events, key, value), done);
  }

  /** Writes a dead letter; {@code done} as in {@link #send}. */
  void refuse(
      ConsumerRecord<byte[], byte[]> record, String reason, Consumer<@Nullable Exception> done) {
    send(
        QuestionLetters.whole(deadLetters, record, reason),
        failure -> {
          if (failure instanceof RecordTooLargeException) {
            refuseBriefly(record, reason, done);
          } else {
            done.accept(failure);
          }
        });
  }

  /** Writes a dead letter without the record's content; {@code done} as in {@link #send}. */
  void refuseBriefly(
      ConsumerRecord<byte[], byte[]> record, String reason, Consumer<@Nullable Exception> done) {
    send(QuestionLetters.minimal(deadLetters, record, reason), done);
  }

  private void send(ProducerRecord<byte[], byte[]> record, Consumer<@Nullable Exception> done) {
    try {
      thread.execute(() -> produce(record, done));
    } catch (RejectedExecutionException e) {
      done.accept(e);
    }
  }

  private void produce(ProducerRecord<byte[], byte[]> record, Consumer<@Nullable Exception> done) {
    try {
      producer.send(record, (metadata, failure) -> done.accept(failure));
    } catch (KafkaException | IllegalStateException e) {
      done.accept(e);
    }
  }

  /** Gives up what Kafka has not taken yet: its questions are answered again. */
  @Override
  public void close() {
    thread.shutdownNow();
    producer.close(Duration.ZERO);
  }
}
