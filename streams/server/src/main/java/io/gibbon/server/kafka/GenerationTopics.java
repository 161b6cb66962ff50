package io.gibbon.server.kafka;

import io.gibbon.server.ServerConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
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
    try (Admin admin = Admin.create(config.kafkaClient(Map.of()))) {
      ensure(
          admin, List.of(config.requestsTopic(), config.eventsTopic(), config.deadLettersTopic()));
    }
  }

  /** Asks for nothing that is there: making topics may not be allowed. */
  static void ensure(Admin admin, List<String> names) {
    Set<String> present = await(admin.listTopics().names());
    List<NewTopic> missing =
        names.stream()
            .filter(name -> !present.contains(name))
            .map(name -> new NewTopic(name, Optional.empty(), Optional.empty()))
            .toList();
    if (!missing.isEmpty()) {
      admin.createTopics(missing).values().values().forEach(GenerationTopics::awaitMade);
    }
  }

  private static void awaitMade(KafkaFuture<Void> made) {
    try {
      await(made);
    } catch (KafkaException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw e;
      }
    }
  }

  private static <T> T await(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new KafkaException(
          "The topics of questions and answers cannot be made: " + e.getCause().getMessage(),
          e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
