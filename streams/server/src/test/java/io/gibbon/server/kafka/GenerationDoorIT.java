package io.gibbon.server.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.gibbon.broker.EmbeddedBroker;
import io.gibbon.schemas.ContextCandidate;
import io.gibbon.schemas.GenerationError;
import io.gibbon.schemas.GenerationEvent;
import io.gibbon.schemas.GenerationEventKind;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.TestServer;
import io.gibbon.topology.DeadLetterHeaders;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Questions over a real broker, answered by a fake model. */
class GenerationDoorIT {

  private static final String TOPIC = "generation-requests";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private static Path directory;

  private static EmbeddedBroker broker;
  private static KafkaProducer<String, String> producer;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    broker = EmbeddedBroker.start(directory, 0);
    producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                broker.bootstrapServers(),
                ProducerConfig.COMPRESSION_TYPE_CONFIG,
                "gzip",
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                4 << 20),
            new StringSerializer(),
            new StringSerializer());
    server = start(Map.of());
    server.states.add("default", "ferry", "the ferry leaves at nine", 100);
  }

  private static TestServer start(Map<String, String> more) throws Exception {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("partitions", "1");
    settings.put("kafka.bootstrap.servers", broker.bootstrapServers());
    return TestServer.start(settings);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
    producer.close();
    broker.close();
  }

  @Test
  void answersAsNumberedEventsThatEndWithUsageAndShares() {
    String options = "{\"selection\": \"attention\", \"keep\": 1, \"combine\": \"sequential\"}";
    String id = ask("\"max_tokens\": 3, \"gibbon\": " + options, "ferry");

    List<GenerationEvent> events = events(id);

    assertThat(events.stream().map(GenerationEvent::getSequence)).containsExactly(0, 1, 2, 3);
    assertThat(events).allSatisfy(event -> assertThat(event.getAttempt()).isEqualTo(1));
    assertThat(events.subList(0, 3).stream().map(GenerationEvent::getDelta))
        .containsExactly("t0 ", "t1 ", "t2 ");
    GenerationEvent end = events.getLast();
    assertThat(end.getKind()).isEqualTo(GenerationEventKind.END);
    assertThat(end.getFinishReason()).isEqualTo("length");
    assertThat(end.getUsage().getCompletionTokens()).isEqualTo(3);
    assertThat(end.getContexts().getFirst().getId()).isEqualTo("ferry");
    assertThat(end.getContexts().getFirst().getShare()).isEqualTo(0.25);
    assertThat(end.getSelection().getCandidates())
        .containsExactly(new ContextCandidate("default/ferry#0", null, null));
    assertThat(end.getCitations().getFirst().getContext()).isEqualTo("default/ferry#0");
  }

  @Test
  void tellsTheErrorsThatHttpTells() {
    String hot = ask("\"temperature\": 9", "?");
    String unknown = ask("\"model\": \"gpt-4o\"", "?");
    String late = ask("\"deadline\": 1000", "?");

    String vague = ask("\"gibbon\": {\"combine\": \"well\"}", "?");

    assertThat(error(vague).getMessage())
        .isEqualTo("gibbon.combine must be one of ape, sequential, not 'well'");
    assertThat(error(hot).getMessage())
        .isEqualTo("temperature must be between 0.0 and 2.0, not 9.0");
    assertThat(error(hot).getField()).isEqualTo("temperature");
    assertThat(error(unknown).getCode()).isEqualTo("model_not_found");
    assertThat(error(late).getCode()).isEqualTo("deadline_exceeded");
  }

  @Test
  void setsUnreadableQuestionsAsideAndGoesOn() {
    producer.send(new ProducerRecord<>(TOPIC, "k", "{\"messages\": 7}"));
    producer.send(new ProducerRecord<>(TOPIC, "k", "no json"));
    String id = ask("\"max_tokens\": 1", "?");

    assertThat(events(id)).isNotEmpty();
    List<ConsumerRecord<byte[], byte[]>> letters = new ArrayList<>();
    read("dead-letters", letters, () -> letters.size() >= 2);
    assertThat(letters.stream().map(letter -> new String(letter.value(), StandardCharsets.UTF_8)))
        .containsExactly("{\"messages\": 7}", "no json");
    assertThat(header(letters.getFirst(), DeadLetterHeaders.TOPIC)).isEqualTo(TOPIC);
    assertThat(header(letters.getFirst(), DeadLetterHeaders.REASON)).isNotEmpty();
  }

  @Test
  void goesOnAfterRecordsTooLargeToBeSetAsideWhole() throws Exception {
    Map<String, String> own =
        Map.of(
            "requests-topic", "q3",
            "events-topic", "e3",
            "dead-letters-topic", "d3",
            "requests-group", "g3");
    String longId = "x".repeat(530_000);
    String longModel = "m".repeat(1_060_000);
    try (TestServer other = start(own)) {
      producer.send(new ProducerRecord<>("q3", "k", "x".repeat(2_000_000))).get();
      producer.send(new ProducerRecord<>("q3", "y".repeat(500_000), "{")).get();
      producer.send(new ProducerRecord<>("q3", "k", json(longId, "\"max_tokens\": 1", "?"))).get();
      produce("q3", "large-error", "\"model\": \"" + longModel + "\"", "?");
      produce("q3", "after", "\"max_tokens\": 1", "?");

      assertThat(events("e3", "after", 1)).hasSize(2);
      assertThat(events("e3", "large-error", 1).getFirst().getError().getCode())
          .isEqualTo("event_too_large");
    }
    List<ConsumerRecord<byte[], byte[]>> letters = new ArrayList<>();
    read("d3", letters, () -> letters.size() >= 3);
    assertThat(letters).hasSize(3);
    assertThat(header(letters.get(0), DeadLetterHeaders.TRUNCATED_FROM)).isEqualTo("2000000");
    assertThat(letters.get(1).key()).hasSize(16 * 1024);
    assertThat(header(letters.get(2), DeadLetterHeaders.REASON))
        .isEqualTo("request_id has 530,000 characters; the limit is 1,024");
  }

  @Test
  void waitsUntilTheServerIsReadyInsteadOfRefusing() {
    server.states.ready = false;
    String id = ask("\"max_tokens\": 1", "?");
    await().pollDelay(Duration.ofMillis(500)).until(() -> true);
    server.states.ready = true;

    assertThat(events(id).getLast().getKind()).isEqualTo(GenerationEventKind.END);
  }

  @Test
  void aStoppedServerLeavesItsQuestionsToTheNextWhichCountsAttempts() throws Exception {
    Map<String, String> own =
        Map.of("requests-topic", "q2", "events-topic", "e2", "requests-group", "g2");
    String id = UUID.randomUUID().toString();
    try (TestServer first = start(own)) {
      first.generator.hangsAfter = 0;
      produce("q2", id, "\"max_tokens\": 2", "?");
      await().atMost(Duration.ofSeconds(30)).until(() -> !first.generator.tasks.isEmpty());
    }
    try (TestServer second = start(own)) {
      List<GenerationEvent> events = events("e2", id, 2);
      assertThat(events.stream().map(GenerationEvent::getSequence)).containsExactly(0, 1, 2);
      assertThat(second.generator.tasks).hasSize(1);
    }
  }

  @Test
  void remembersWhatIsAnsweredBehindAQuestionThatIsNot() throws Exception {
    Map<String, String> own =
        Map.of(
            "requests-topic",
            "q-progress",
            "events-topic",
            "e-progress",
            "requests-group",
            "g-progress");
    try (TestServer first = start(own)) {
      first.generator.hangsAfter = 1;
      produce("q-progress", 0, "slow", 2);
      produce("q-progress", 0, "quick", 1);
      assertThat(events("e-progress", "quick", 1)).hasSize(2);
      await()
          .untilAsserted(
              () -> assertThat(committed("g-progress", "q-progress", 0)).isEqualTo("0 0=1;1"));
    }
    try (TestServer second = start(own)) {
      assertThat(events("e-progress", "slow", 2)).hasSize(3);
      await()
          .untilAsserted(
              () -> assertThat(committed("g-progress", "q-progress", 0)).isEqualTo("2 "));
      assertThat(second.generator.tasks).hasSize(1);
    }
  }

  @Test
  void aSecondServerTakesOverItsShareAndTheRestGoesOn() throws Exception {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic("q-share", 2, (short) 1))).all().get();
    }
    Map<String, String> own =
        Map.of("requests-topic", "q-share", "events-topic", "e-share", "requests-group", "g-share");
    try (TestServer first = start(own)) {
      first.generator.hangsAfter = 1;
      produce("q-share", 0, "p0", 2);
      produce("q-share", 1, "p1", 2);
      await().atMost(PATIENCE).until(() -> first.generator.tasks.size() == 2);
      try (TestServer second = start(own)) {
        await().atMost(PATIENCE).until(() -> first.generator.cancelled.get() == 1);
        await().atMost(PATIENCE).until(() -> second.generator.tasks.size() == 1);
        first.generator.goOn();

        assertThat(List.of(ended("e-share", "p0"), ended("e-share", "p1")))
            .containsExactlyInAnyOrder(1, 2);
        await().untilAsserted(() -> assertThat(committed("g-share", "q-share", 0)).isEqualTo("1 "));
        await().untilAsserted(() -> assertThat(committed("g-share", "q-share", 1)).isEqualTo("1 "));
        assertThat(first.generator.tasks).hasSize(2);
        assertThat(second.generator.tasks).hasSize(1);
      }
    }
  }

  @Test
  void anAnswerOutlastsABrokerThatGoesAwayMeanwhile() throws Exception {
    int port = Integer.parseInt(broker.bootstrapServers().replaceFirst(".*:", ""));
    server.generator.hangsAfter = 1;
    String id = ask("\"max_tokens\": 3", "?");
    await().atMost(PATIENCE).until(() -> !server.generator.tasks.isEmpty());
    int tasks = server.generator.tasks.size();

    broker.close();
    server.generator.goOn();
    broker = EmbeddedBroker.start(directory, port);

    List<GenerationEvent> events = events(id);
    assertThat(events.stream().map(GenerationEvent::getSequence)).containsExactly(0, 1, 2, 3);
    assertThat(events(ask("\"max_tokens\": 1", "?"))).hasSize(2);
    assertThat(server.generator.tasks).hasSize(tasks + 1);
  }

  @Test
  void makesNoTopicsWhereAllArePresent() {
    try (Admin admin = admin()) {
      Admin mayNotCreate =
          (Admin)
              Proxy.newProxyInstance(
                  Admin.class.getClassLoader(),
                  new Class<?>[] {Admin.class},
                  (proxy, method, arguments) -> {
                    if (method.getName().equals("createTopics")) {
                      throw new TopicAuthorizationException("not allowed");
                    }
                    return method.invoke(admin, arguments);
                  });
      ServerConfig missing = ServerConfig.of(Map.of("events-topic", "missing"));

      assertThatCode(() -> GenerationTopics.ensure(mayNotCreate, ServerConfig.defaults()))
          .doesNotThrowAnyException();
      assertThatThrownBy(() -> GenerationTopics.ensure(mayNotCreate, missing))
          .isInstanceOf(TopicAuthorizationException.class);
    }
  }

  @Test
  void opensWhereTheSettingsOfTopicsMayNotBeSeen() {
    try (Admin admin = admin()) {
      Admin mayNotDescribe =
          (Admin)
              Proxy.newProxyInstance(
                  Admin.class.getClassLoader(),
                  new Class<?>[] {Admin.class},
                  (proxy, method, arguments) ->
                      method.getName().equals("describeConfigs")
                          ? refusedConfigs()
                          : method.invoke(admin, arguments));

      assertThatCode(() -> GenerationTopics.ensure(mayNotDescribe, ServerConfig.defaults()))
          .doesNotThrowAnyException();
    }
  }

  private static DescribeConfigsResult refusedConfigs() {
    KafkaFutureImpl<Config> refused = new KafkaFutureImpl<>();
    refused.completeExceptionally(new TopicAuthorizationException("not allowed"));
    return new DescribeConfigsResult(
        Map.of(new ConfigResource(ConfigResource.Type.TOPIC, "any"), refused)) {};
  }

  @Test
  void makesTopicsAsConfiguredAndRefusesOneThatWouldLoseEvents() throws Exception {
    try (Admin admin = admin()) {
      ServerConfig config =
          ServerConfig.of(
              Map.of(
                  "requests-topic", "q5",
                  "events-topic", "e5",
                  "dead-letters-topic", "d5",
                  "partitions", "3",
                  "replication", "1",
                  "retention", "PT1H"));
      GenerationTopics.ensure(admin, config);
      GenerationTopics.ensure(admin, config);

      await()
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(
                          admin
                              .describeTopics(List.of("q5", "e5", "d5"))
                              .allTopicNames()
                              .get()
                              .values())
                      .allSatisfy(topic -> assertThat(topic.partitions()).hasSize(3)));
      ConfigResource events = new ConfigResource(ConfigResource.Type.TOPIC, "e5");
      assertThat(admin.describeConfigs(List.of(events)).all().get().get(events).get("retention.ms"))
          .extracting(ConfigEntry::value)
          .isEqualTo("3600000");

      AlterConfigOp compact =
          new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.SET);
      admin.incrementalAlterConfigs(Map.of(events, List.of(compact))).all().get();
      await()
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> GenerationTopics.ensure(admin, config))
                      .isInstanceOf(KafkaException.class)
                      .hasMessageContaining("e5 has cleanup.policy compact"));
    }
  }

  private static Admin admin() {
    return Admin.create(
        Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrapServers()));
  }

  private static String ask(String field, String question) {
    String id = UUID.randomUUID().toString();
    produce(TOPIC, id, field, question);
    return id;
  }

  private static void produce(String topic, String id, String field, String question) {
    producer.send(new ProducerRecord<>(topic, id, json(id, field, question)));
  }

  private static void produce(String topic, int partition, String id, int maxTokens) {
    String value = json(id, "\"max_tokens\": " + maxTokens, "?");
    producer.send(new ProducerRecord<>(topic, partition, id, value));
  }

  /** Offset and metadata that a group has committed for a partition. */
  private static String committed(String group, String topic, int partition) throws Exception {
    try (Admin admin = admin()) {
      OffsetAndMetadata committed =
          admin
              .listConsumerGroupOffsets(group)
              .partitionsToOffsetAndMetadata()
              .get()
              .get(new TopicPartition(topic, partition));
      return committed == null ? "" : committed.offset() + " " + committed.metadata();
    }
  }

  /** The attempt at a question that came to its end. */
  private static int ended(String topic, String id) {
    var deserializer = RecordSerde.of(GenerationEvent.class).deserializer();
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    List<GenerationEvent> ends = new ArrayList<>();
    read(
        topic,
        records,
        () -> {
          ends.clear();
          records.stream()
              .map(record -> deserializer.deserialize(topic, record.value()))
              .filter(event -> event.getRequestId().equals(id))
              .filter(event -> event.getKind() == GenerationEventKind.END)
              .forEach(ends::add);
          return !ends.isEmpty();
        });
    assertThat(ends).hasSize(1);
    return ends.getFirst().getAttempt();
  }

  private static String json(String id, String field, String question) {
    return """
    {"request_id": "%s", "messages": [{"role": "user", "content": "%s"}], %s}\
    """
        .formatted(id, question, field);
  }

  private static GenerationError error(String id) {
    List<GenerationEvent> events = events(id);
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().getKind()).isEqualTo(GenerationEventKind.ERROR);
    return events.getFirst().getError();
  }

  private static List<GenerationEvent> events(String id) {
    return events("generation-events", id, 1);
  }

  private static List<GenerationEvent> events(String topic, String id, int attempt) {
    var deserializer = RecordSerde.of(GenerationEvent.class).deserializer();
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    List<GenerationEvent> events = new ArrayList<>();
    read(
        topic,
        records,
        () -> {
          events.clear();
          records.stream()
              .map(record -> deserializer.deserialize(topic, record.value()))
              .filter(event -> event.getRequestId().equals(id) && event.getAttempt() == attempt)
              .forEach(events::add);
          return !events.isEmpty() && events.getLast().getKind() != GenerationEventKind.TOKEN;
        });
    return events;
  }

  private static void read(
      String topic, List<ConsumerRecord<byte[], byte[]>> into, Callable<Boolean> enough) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                broker.bootstrapServers(),
                ConsumerConfig.GROUP_ID_CONFIG,
                UUID.randomUUID().toString(),
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "earliest"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(into::add);
                return enough.call();
              });
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String key) {
    return new String(record.headers().lastHeader(key).value(), StandardCharsets.UTF_8);
  }
}
