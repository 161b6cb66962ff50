package io.gibbon.cli.doctor;

import io.gibbon.server.ServerConfig;
import io.gibbon.topology.Topics;
import io.gibbon.topology.TopologyConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Looks at an existing Kafka: whether it can be reached, and whether we may do there what we must.
 */
final class KafkaChecks {

  private static final int TIMEOUT_MS = 10_000;

  private KafkaChecks() {}

  static List<Finding> run(TopologyConfig topology, ServerConfig server) {
    Map<String, Object> settings = new HashMap<>(topology.kafka());
    settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MS / 2);
    settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MS);
    String servers = String.valueOf(topology.kafka().get("bootstrap.servers"));
    try (Admin admin = Admin.create(settings)) {
      List<Finding> findings = new ArrayList<>();
      findings.add(cluster(admin, servers));
      if (findings.getFirst().level() == Finding.Level.OK) {
        findings.add(
            topic(admin, topology.documentsTopic(), AclOperation.READ, AclOperation.WRITE));
        findings.add(
            topic(admin, Topics.profiles(topology), AclOperation.READ, AclOperation.WRITE));
        findings.add(topic(admin, topology.contextEventsTopic(), AclOperation.WRITE));
        findings.add(topic(admin, topology.deadLettersTopic(), AclOperation.WRITE));
        findings.add(topic(admin, server.requestsTopic(), AclOperation.READ));
        findings.add(topic(admin, server.eventsTopic(), AclOperation.WRITE));
      }
      return findings;
    } catch (KafkaException e) {
      return List.of(
          Finding.missing(
              "Kafka", servers + ": " + e.getMessage(), "check kafka.bootstrap.servers"));
    }
  }

  private static Finding cluster(Admin admin, String servers) {
    try {
      DescribeClusterResult cluster =
          admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
      int nodes = get(cluster.nodes()).size();
      Set<AclOperation> allowed = get(cluster.authorizedOperations());
      String found = "%s, %d %s".formatted(servers, nodes, nodes == 1 ? "node" : "nodes");
      return allowed == null
              || allowed.contains(AclOperation.IDEMPOTENT_WRITE)
              || allowed.contains(AclOperation.CREATE)
          ? Finding.ok("Kafka", found)
          : Finding.odd(
              "Kafka",
              found + ", may not create topics",
              "let this user create topics, or create them yourself");
    } catch (AuthenticationException e) {
      return Finding.missing(
          "Kafka",
          servers + ": " + e.getMessage(),
          "check the kafka.security and kafka.sasl settings");
    } catch (KafkaException e) {
      return Finding.missing(
          "Kafka",
          "%s does not answer: %s".formatted(servers, e.getMessage()),
          "check kafka.bootstrap.servers and the network");
    }
  }

  private static Finding topic(Admin admin, String name, AclOperation... needed) {
    String subject = "Topic " + name;
    try {
      TopicDescription topic =
          get(admin
                  .describeTopics(
                      List.of(name), new DescribeTopicsOptions().includeAuthorizedOperations(true))
                  .allTopicNames())
              .get(name);
      Set<AclOperation> lacking = EnumSet.noneOf(AclOperation.class);
      for (AclOperation operation : needed) {
        if (topic.authorizedOperations() != null
            && !topic.authorizedOperations().contains(operation)) {
          lacking.add(operation);
        }
      }
      return lacking.isEmpty()
          ? Finding.ok(subject, "%d partitions".formatted(topic.partitions().size()))
          : Finding.missing(subject, "this user lacks " + lacking, "add ACLs for " + lacking);
    } catch (UnknownTopicOrPartitionException e) {
      return Finding.ok(subject, "will be created");
    } catch (AuthorizationException e) {
      return Finding.missing(
          subject, "this user may not see it", "add ACLs: DESCRIBE, READ, WRITE");
    } catch (KafkaException e) {
      return Finding.missing(subject, String.valueOf(e.getMessage()), "check the broker");
    }
  }

  private static <T> T get(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException(e);
    }
  }
}
