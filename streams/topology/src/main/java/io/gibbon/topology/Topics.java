package io.gibbon.topology;

import io.gibbon.topology.internals.TopicNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The topics that the topology reads and writes. */
public final class Topics {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private Topics() {}

  /**
   * Creates the topics that are missing and checks those that are there. Topics that Kafka Streams
   * makes for us are only checked.
   *
   * @throws TopologyException naming the topic and the setting that does not fit, or why Kafka
   *     cannot be asked
   */
  public static void ensure(Admin admin, TopologyConfig config) {
    Set<String> existing =
        await(
            admin.listTopics().names(),
            "listing topics of Kafka at " + config.kafka().get("bootstrap.servers"));
    create(admin, config, existing);
    checkProfiles(admin, profiles(config), existing);
    checkInternal(admin, config, existing);
    checkMessageSize(admin, config, existing);
  }

  /** Name of the record of profiles. */
  public static String profiles(TopologyConfig config) {
    return TopicNames.profiles(config.applicationId());
  }

  private static List<String> own(TopologyConfig config) {
    return List.of(config.documentsTopic(), config.contextEventsTopic(), config.deadLettersTopic());
  }

  private static void create(Admin admin, TopologyConfig config, Set<String> existing) {
    List<NewTopic> missing =
        own(config).stream()
            .filter(topic -> !existing.contains(topic))
            .map(topic -> newTopic(topic, config))
            .collect(Collectors.toCollection(ArrayList::new));
    String profiles = profiles(config);
    if (!existing.contains(profiles)) {
      missing.add(profilesTopic(profiles, config));
    }
    admin.createTopics(missing).values().forEach((topic, created) -> awaitCreation(created, topic));
    awaitVisible(admin, missing.stream().map(NewTopic::name).toList());
  }

  /**
   * Brokers know of a new topic a moment after it is created, and Kafka Streams does not start
   * without the record of profiles.
   */
  private static void awaitVisible(Admin admin, List<String> topics) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        await(admin.describeTopics(topics).allTopicNames(), "describing topics");
        return;
      } catch (TopologyException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)
            || System.nanoTime() - end > 0) {
          throw e;
        }
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TopologyException("waiting for new topics was interrupted", e);
    }
  }

  private static NewTopic newTopic(String name, TopologyConfig config) {
    Map<String, String> settings = new HashMap<>();
    settings.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
    settings.put(TopicConfig.RETENTION_MS_CONFIG, Long.toString(config.retention().toMillis()));
    settings.put(
        TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
        Integer.toString(Math.max(1 << 20, config.maxRecordBytes())));
    return new NewTopic(name, Optional.of(config.partitions()), replication(config))
        .configs(settings);
  }

  private static NewTopic profilesTopic(String name, TopologyConfig config) {
    return new NewTopic(name, Optional.of(1), replication(config))
        .configs(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
  }

  private static Optional<Short> replication(TopologyConfig config) {
    return config.replication() < 0 ? Optional.empty() : Optional.of(config.replication());
  }

  /** Another instance may have been faster. */
  private static void awaitCreation(KafkaFuture<Void> created, String topic) {
    try {
      await(created, "creating topic " + topic);
    } catch (TopologyException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw e;
      }
    }
  }

  private static void checkProfiles(Admin admin, String topic, Set<String> existing) {
    if (!existing.contains(topic)) {
      return;
    }
    List<String> topics = List.of(topic);
    int partitions =
        await(admin.describeTopics(topics).allTopicNames(), "describing topics")
            .get(topic)
            .partitions()
            .size();
    if (partitions != 1) {
      throw new TopologyException(
          "topic %s has %d partitions, it must have 1".formatted(topic, partitions), null);
    }
    configs(admin, topics).forEach(Topics::requireCompaction);
  }

  private static void checkInternal(Admin admin, TopologyConfig config, Set<String> existing) {
    List<String> internal = new ArrayList<>(TopicNames.internal(config.applicationId()));
    internal.retainAll(existing);
    Map<String, TopicDescription> descriptions =
        await(admin.describeTopics(internal).allTopicNames(), "describing topics");
    descriptions.forEach(
        (topic, description) -> {
          int partitions = description.partitions().size();
          if (partitions != config.partitions()) {
            throw new TopologyException(
                "topic %s has %d partitions, but partitions is %d: set it back, or choose another application-id to encode everything anew"
                    .formatted(topic, partitions, config.partitions()),
                null);
          }
        });
    configs(admin, internal)
        .forEach(
            (topic, settings) -> {
              if (topic.endsWith("-changelog")) {
                requireCompaction(topic, settings);
              }
            });
  }

  private static void requireCompaction(String topic, Config settings) {
    String policy = settings.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
    if (!policy.equals(TopicConfig.CLEANUP_POLICY_COMPACT)) {
      throw new TopologyException(
          "topic %s has cleanup.policy %s, it must be compact or state is lost"
              .formatted(topic, policy),
          null);
    }
  }

  private static void checkMessageSize(Admin admin, TopologyConfig config, Set<String> existing) {
    List<String> written =
        new ArrayList<>(List.of(config.contextEventsTopic(), config.deadLettersTopic()));
    written.addAll(TopicNames.internal(config.applicationId()));
    written.retainAll(existing);
    configs(admin, written)
        .forEach(
            (topic, settings) -> {
              String limit = settings.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG).value();
              if (Integer.parseInt(limit) < config.maxRecordBytes()) {
                throw new TopologyException(
                    "topic %s has max.message.bytes %s, with max-document-bytes %d it must be at least %d"
                        .formatted(
                            topic, limit, config.maxDocumentBytes(), config.maxRecordBytes()),
                    null);
              }
            });
  }

  private static Map<String, Config> configs(Admin admin, Collection<String> topics) {
    List<ConfigResource> resources =
        topics.stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
    return await(admin.describeConfigs(resources).all(), "reading topic settings")
        .entrySet()
        .stream()
        .collect(Collectors.toMap(entry -> entry.getKey().name(), Map.Entry::getValue));
  }

  private static <T> T await(KafkaFuture<T> future, String action) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new TopologyException(action + " failed: " + e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TopologyException(action + " was interrupted", e);
    }
  }
}
