package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.server.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contexts that are read again in order, and what becomes of their states. */
class CombinationTest {

  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(Map.of("combine", "sequential", "sequential-tokens", "10"));
    for (String id : List.of("a", "b", "c")) {
      server.states.add("default", id, "word of " + id, 100);
    }
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  @Test
  void contextsInOrderAreEncodedOnceAndAttendedToAsOnePrompt() throws Exception {
    JsonObject first = ask("\"top_k\": 2");
    assertThat(first.getJsonObject("gibbon").getString("combine")).isEqualTo("sequential");
    assertThat(server.encoder.encoded).as("the best last").containsExactly("word of a");
    JsonArray contexts = first.getJsonObject("gibbon").getJsonArray("contexts");
    assertThat(contexts.getJsonObject(0).getString("document")).isEqualTo("a");
    assertThat(contexts.getJsonObject(0).getDouble("attention_share")).isEqualTo(0.125);
    assertThat(contexts.getJsonObject(1).getDouble("attention_share")).isEqualTo(0.25);
    GenerationTask task = server.generator.tasks.getLast();
    assertThat(task.combination()).isEqualTo(Combination.SEQUENTIAL);
    assertThat(task.contextLength()).isEqualTo(10);
    assertThat(task.attentionTemperature()).isEqualTo(1);
    assertThat(task.scalingFactor()).isEqualTo(1);
    assertThat(cached(first)).as("one of them was read").isEqualTo(10 + 5);

    JsonObject second = ask("\"top_k\": 2");
    assertThat(server.encoder.encoded).hasSize(1);
    assertThat(cached(second)).isEqualTo(10 + 10);
    assertThat(prompt(second)).isEqualTo(prompt(first));

    ask("\"contexts\": [\"default/a\", \"default/b\"]");
    assertThat(server.encoder.encoded).as("as named").containsExactly("word of a", "word of b");
  }

  @Test
  void oneContextAloneIsNotEncodedAgain() throws Exception {
    ask("\"top_k\": 1");
    assertThat(server.encoder.encoded).isEmpty();
    assertThat(server.generator.tasks.getLast().attentionTemperature()).isEqualTo(1);
  }

  @Test
  void whoAsksAtTheSameTimeWaitsForOneEncoding() throws Exception {
    CountDownLatch encoding = new CountDownLatch(1);
    CountDownLatch waits = new CountDownLatch(1);
    server.encoder.onEncode =
        wanted -> {
          encoding.countDown();
          try {
            waits.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<JsonObject> question = () -> ask("\"top_k\": 2");
      List<Future<JsonObject>> answers = new ArrayList<>(List.of(clients.submit(question)));
      encoding.await();
      answers.add(clients.submit(question));
      answers.add(clients.submit(question));
      // Each borrows both contexts, and then the second behind the first.
      await().until(() -> server.cache.stats().hits() == 2 * 2 + 2);
      waits.countDown();
      for (Future<JsonObject> answer : answers) {
        assertThat(answer.get().getJsonObject("gibbon").getString("combine"))
            .isEqualTo("sequential");
      }
    }
    assertThat(server.encoder.encoded).hasSize(1);
  }

  @Test
  void aClientThatLeavesEndsItsEncodingAndWhoWaitsForItDoesItAgain() throws Exception {
    CountDownLatch encoding = new CountDownLatch(1);
    server.encoder.onEncode =
        wanted -> {
          server.encoder.onEncode = again -> {};
          encoding.countDown();
          await().until(() -> !wanted.getAsBoolean());
        };
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<JsonObject> question = () -> ask("\"top_k\": 2");
      Future<JsonObject> leaves = clients.submit(question);
      encoding.await();
      Future<JsonObject> stays = clients.submit(question);
      await().until(() -> server.cache.stats().hits() == 2 + 1);
      leaves.cancel(true);
      assertThat(stays.get().getJsonObject("gibbon").getString("combine")).isEqualTo("sequential");
    }
    assertThat(server.encoder.encoded).containsExactly("word of a", "word of a");
    server.states.delete("default", "a", 300);
    server.states.delete("default", "b", 300);
    await().until(() -> server.cache.stats().cachedBytes() == 0);
  }

  @Test
  void whatIsReplacedOrDeletedIsFreedAtOnceAndEncodedAnew() throws Exception {
    ask("\"top_k\": 2");
    assertThat(server.cache.stats().entries()).isEqualTo(3);
    server.states.add("default", "a", "new word of a", 200);
    assertThat(server.cache.stats().entries()).as("b apart").isEqualTo(1);

    ask("\"top_k\": 2");
    assertThat(server.encoder.encoded).containsExactly("word of a", "new word of a");
    server.states.delete("default", "b", 300);
    assertThat(server.cache.stats().entries()).as("a apart").isEqualTo(1);
    server.states.delete("default", "a", 300);
    assertThat(server.cache.stats().cachedBytes()).isZero();
  }

  @Test
  void whatIsDeletedWhileItIsEncodedDoesNotStay() throws Exception {
    server.encoder.onEncode = wanted -> server.states.delete("default", "a", 300);
    ask("\"top_k\": 2");
    await().until(() -> server.cache.stats().entries() == 1);
    server.states.delete("default", "b", 300);
    assertThat(server.cache.stats().cachedBytes()).isZero();
  }

  @Test
  void whatIsGoneBeforeItIsEncodedStaysApartForTheAnswerUnderWay() throws Exception {
    server.states.holds = false;
    JsonObject answer = ask("\"top_k\": 2");
    assertThat(answer.getJsonObject("gibbon").getString("combine")).isEqualTo("ape");
    assertThat(server.encoder.encoded).isEmpty();
    assertThat(server.generator.tasks.getLast().contexts()).hasSize(2);
  }

  @Test
  void whatWasEncodedBeforeAnotherWasGoneIsGivenBackAndTold() throws Exception {
    server.close();
    server = TestServer.start(Map.of("combine", "sequential", "sequential-tokens", "20"));
    for (String id : List.of("a", "b", "c")) {
      server.states.add("default", id, "word of " + id, 100);
    }
    server.encoder.onEncode = wanted -> server.states.holds = false;
    server.generator.hangsAfter = 1;
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<JsonObject> answer = clients.submit(() -> ask("\"top_k\": 3"));
      await().until(() -> !server.generator.tasks.isEmpty());
      assertThat(server.generator.tasks.getLast().combination()).isEqualTo(Combination.APE);
      long each = server.cache.stats().cachedBytes() / 4;
      server.states.delete("default", "b", 300);
      assertThat(server.cache.stats().cachedBytes()).as("those apart").isEqualTo(3 * each);
      server.generator.goOn();
      assertThat(cached(answer.get())).as("one of three was read").isEqualTo(10 + 15 - 5);
    }
  }

  @Test
  void contextsThatAreTooLongStayApartUnlessTheRequestSaysOtherwise() throws Exception {
    JsonObject answer = ask("\"top_k\": 3");
    assertThat(answer.getJsonObject("gibbon").getString("combine")).isEqualTo("ape");
    assertThat(server.generator.tasks.getLast().contextLength()).isEqualTo(5);
    assertThat(server.generator.tasks.getLast().attentionTemperature()).isEqualTo(0.8);

    JsonObject error = refused("\"top_k\": 3, \"combine\": \"sequential\"");
    assertThat(error.getString("param")).isEqualTo("gibbon.combine");
    assertThat(error.getString("message")).contains("15 tokens", "at most 10");
  }

  @Test
  void contextsWhoseStatesWouldNeverFitInOrderStayApart() throws Exception {
    server.close();
    server = TestServer.start(Map.of("sequential-tokens", "900"), 64 << 10);
    for (int i = 0; i < 40; i++) {
      server.states.add("default", "c" + i, "word of " + i, 100);
    }
    assertThat(refused("\"top_k\": 40, \"combine\": \"sequential\"").getString("message"))
        .containsPattern("have 200 tokens, at most 1\\d\\d can be read in order");
    assertThat(server.encoder.encoded).isEmpty();
  }

  @Test
  void aRequestSaysHowItsContextsAreCombined() throws Exception {
    assertThat(
            ask("\"top_k\": 2, \"combine\": \"ape\"").getJsonObject("gibbon").getString("combine"))
        .isEqualTo("ape");
    ask("\"top_k\": 2, \"attention_temperature\": 0.5");
    assertThat(server.generator.tasks.getLast().combination()).isEqualTo(Combination.APE);
    assertThat(server.generator.tasks.getLast().attentionTemperature()).isEqualTo(0.5);
    assertThat(refused("\"scaling_factor\": 0.5, \"combine\": \"sequential\"").getString("param"))
        .isEqualTo("gibbon.combine");
  }

  private JsonObject ask(String options) throws Exception {
    JsonObject answer = server.chat(body(options));
    await().until(() -> server.cache.stats().reservedBytes() == 0);
    return answer;
  }

  private JsonObject refused(String options) throws Exception {
    return new JsonObject(server.post("/v1/chat/completions", body(options)).body())
        .getJsonObject("error");
  }

  private static String body(String options) {
    return """
    {"max_tokens": 2, "messages": [{"role": "user", "content": "word"}], "gibbon": {%s}}\
    """
        .formatted(options);
  }

  private static int cached(JsonObject answer) {
    return answer
        .getJsonObject("usage")
        .getJsonObject("prompt_tokens_details")
        .getInteger("cached_tokens");
  }

  private static int prompt(JsonObject answer) {
    return answer.getJsonObject("usage").getInteger("prompt_tokens");
  }
}
