package io.gibbon.server.kafka;

import io.gibbon.server.ServerConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Makes the topics that the door reads and writes, with the broker's own defaults, where missing.
 */
final class GenerationTopics {

  private GenerationTopics() {}

  /**
   * @throws KafkaException if Kafka cannot be reached or does not allow it
   */
  static void ensure(ServerConfig config) {
    List<NewTopic> topics =
        Stream.of(config.requestsTopic(), config.eventsTopic(), config.deadLettersTopic())
            .map(name -> new NewTopic(name, Optional.empty(), Optional.empty()))
            .toList();
    try (Admin admin = Admin.create(config.kafkaClient(Map.of()))) {
      for (KafkaFuture<Void> made : admin.createTopics(topics).values().values()) {
        await(made);
      }
    }
  }

  private static void await(KafkaFuture<Void> made) {
    try {
      made.get();
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new KafkaException(
            "The topics of questions and answers cannot be made: " + e.getCause().getMessage(),
            e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
