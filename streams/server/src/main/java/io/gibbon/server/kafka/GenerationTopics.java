package io.gibbon.server.kafka;

import io.gibbon.server.ServerConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the topics that the door reads and writes where they are missing, as configured, and checks
 * those that are there.
 */
final class GenerationTopics {

  private static final Logger LOG = LoggerFactory.getLogger(GenerationTopics.class);

  private GenerationTopics() {}

  /**
   * @throws KafkaException if Kafka cannot be reached or does not allow it, or naming a topic that
   *     does not fit
   */
  static void ensure(ServerConfig config) {
    try (Admin admin = Admin.create(config.kafkaClient(Map.of()))) {
      ensure(admin, config);
    }
  }

  /**
   * Makes nothing that is there, as making topics may not be allowed, and goes on with a warning
   * where looking at the settings of the topic of events is not.
   */
  static void ensure(Admin admin, ServerConfig config) {
    Set<String> present = await(admin.listTopics().names());
    List<NewTopic> missing =
        Stream.of(config.requestsTopic(), config.eventsTopic(), config.deadLettersTopic())
            .filter(name -> !present.contains(name))
            .map(name -> newTopic(name, config))
            .toList();
    if (!missing.isEmpty()) {
      admin.createTopics(missing).values().values().forEach(GenerationTopics::awaitMade);
    }
    if (present.contains(config.eventsTopic())) {
      requireAllEvents(admin, config.eventsTopic());
    }
  }

  private static NewTopic newTopic(String name, ServerConfig config) {
    Optional<Short> replication =
        config.replication() < 0 ? Optional.empty() : Optional.of((short) config.replication());
    return new NewTopic(name, Optional.of(config.partitions()), replication)
        .configs(
            Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                TopicConfig.CLEANUP_POLICY_DELETE,
                TopicConfig.RETENTION_MS_CONFIG,
                Long.toString(config.retention().toMillis())));
  }

  /** All events of an answer have one key. */
  private static void requireAllEvents(Admin admin, String topic) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    String policy;
    try {
      Config settings = await(admin.describeConfigs(List.of(resource)).all()).get(resource);
      policy = settings.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
    } catch (KafkaException e) {
      if (e.getCause() instanceof AuthorizationException) {
        LOG.warn("may not see whether topic {} has cleanup.policy delete, as it must", topic);
        return;
      }
      throw e;
    }
    if (policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
      throw new KafkaException(
          "topic %s has cleanup.policy %s, it must be delete or answers lose all but their last event"
              .formatted(topic, policy));
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
          "The topics of questions and answers cannot be made or checked: "
              + e.getCause().getMessage(),
          e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
