package io.gibbon.server.kafka;

import io.gibbon.server.ServerConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TopicExistsException;

/** Makes the topics of questions and answers, with the broker's own defaults, where missing. */
final class GenerationTopics {

  private GenerationTopics() {}

  /**
   * @throws KafkaException if Kafka cannot be reached or does not allow it
   */
  static void ensure(ServerConfig config) {
    List<NewTopic> topics =
        List.of(topic(config.requestsTopic()), topic(config.eventsTopic()));
    try (Admin admin = Admin.create(config.kafkaClient(Map.of()))) {
      for (KafkaFuture<Void> made : admin.createTopics(topics).values().values()) {
        await(made);
      }
    }
  }

  private static NewTopic topic(String name) {
    return new NewTopic(name, Optional.empty(), Optional.empty());
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
