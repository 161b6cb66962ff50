package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.TestServer;
import io.gibbon.server.answer.ContextOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contexts chosen from their states, and what makes the choice better. */
class SelectionTest {

  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(Map.of("selection", "attention", "candidates", "3", "keep", "1"));
    for (String id : List.of("a", "b", "c", "d")) {
      server.states.add("default", id, "word of " + id, 100);
    }
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  @Test
  void untilCalibratedLikelihoodChoosesAmongTheProposed() throws Exception {
    JsonObject ours = ask("");
    assertThat(ids(ours, "contexts")).containsExactly("default/c#0");
    JsonObject selection = ours.getJsonObject("selection");
    assertThat(selection.getString("by")).isEqualTo("likelihood");
    assertThat(ids(selection, "candidates"))
        .containsExactly("default/c#0", "default/b#0", "default/a#0");
    assertThat(selection.getJsonArray("candidates").getJsonObject(0).getDouble("score"))
        .isEqualTo(2);
    GenerationTask task = server.generator.tasks.getLast();
    assertThat(task.contexts()).hasSize(1);
    assertThat(task.attentionTemperature()).isEqualTo(1);
    await().until(() -> server.cache.stats().reservedBytes() == 0);
  }

  @Test
  void asManyAreKeptAsAskedFor() throws Exception {
    for (int i = 0; i < 20; i++) {
      server.states.add("default", "more" + i, "word " + i, 100);
    }
    assertThat(ids(ask(", \"keep\": 12"), "contexts")).hasSize(12);
    assertThat(ids(ask(", \"top_k\": 20"), "contexts")).hasSize(20);
  }

  @Test
  void withoutHeadsThatFindContextsLikelihoodChooses() throws Exception {
    server.states.calibration = new Calibration(0.7, 0.9, List.of());
    assertThat(ask("").getJsonObject("selection").getString("by")).isEqualTo("likelihood");
    assertThat(ask(", \"keep\": 2").getJsonArray("citations")).isEmpty();
    assertThat(server.generator.tasks.getLast().attentionTemperature()).isEqualTo(0.7);
  }

  @Test
  void aRequestSaysHowAndHowMany() throws Exception {
    assertThat(ids(ask(", \"keep\": 2"), "contexts")).containsExactly("default/c#0", "default/b#0");
    assertThat(server.generator.tasks.getLast().attentionTemperature()).isEqualTo(0.8);
    assertThat(ids(ask(", \"top_k\": 2"), "contexts"))
        .containsExactly("default/c#0", "default/b#0");
    assertThat(ask(", \"keep\": 2").getJsonArray("citations"))
        .as("nobody knows the heads")
        .isEmpty();
    assertThat(ask(", \"keep\": 1").getJsonArray("citations")).hasSize(1);
    assertThat(ids(ask(", \"keep\": 0.5"), "contexts")).containsExactly("default/c#0");
    assertThat(ids(ask(", \"selection\": \"none\", \"top_k\": 2"), "contexts"))
        .containsExactly("default/a#0", "default/b#0");
    assertThat(ids(ask(", \"contexts\": [\"default/a\", \"default/b\"]"), "contexts"))
        .containsExactly("default/a#0", "default/b#0");
    assertThat(ids(ask(", \"contexts\": [\"default/a\", \"default/b\"], \"keep\": 1"), "contexts"))
        .containsExactly("default/b#0");
    assertThat(ids(ask(", \"top_k\": \"all\""), "contexts")).hasSize(4);
    assertThat(ids(ask(", \"top_k\": 0"), "contexts")).isEmpty();
  }

  @Test
  void whatACalibrationFindsIsUsedAtOnce() throws Exception {
    assertThat(calibration().getString("state")).isEqualTo("idle");
    HttpResponse<String> started =
        server.send(
            server
                .request("/v1/calibration")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"seed\": 3}")));
    assertThat(started.statusCode()).isEqualTo(202);
    await().until(() -> calibration().getString("state").equals("done"));
    JsonObject done = calibration();
    assertThat(done.getJsonObject("report").getDouble("gain")).isEqualTo(0.2);
    assertThat(done.getJsonObject("used").getDouble("scaling_factor")).isEqualTo(0.9);

    JsonObject ours = ask(", \"keep\": 2");
    assertThat(ours.getJsonObject("selection").getString("by")).isEqualTo("attention");
    assertThat(ids(ours, "contexts")).containsExactly("default/b#0", "default/c#0");
    JsonArray candidates = ours.getJsonObject("selection").getJsonArray("candidates");
    assertThat(candidates.getJsonObject(2).containsKey("score")).isFalse();
    JsonObject citation = ours.getJsonArray("citations").getJsonObject(0);
    assertThat(citation.getString("context")).isEqualTo("default/c#0");
    assertThat(citation.getString("document")).isEqualTo("c");
    assertThat(citation.getInteger("end")).isEqualTo("t0 t1".length());
    GenerationTask task = server.generator.tasks.getLast();
    assertThat(task.attentionTemperature()).isEqualTo(0.7);
    assertThat(task.scalingFactor()).isEqualTo(0.9);
    ask(", \"keep\": 2, \"attention_temperature\": 0.5");
    assertThat(server.generator.tasks.getLast().attentionTemperature()).isEqualTo(0.5);
  }

  @Test
  void aSecondHopReadsTheBestContextAndTellsTheScoresOfBoth() throws Exception {
    server.states.calibration = new Calibration(0.7, 0.9, List.of(new Head(0, 0)));
    JsonObject ours = ask(", \"keep\": 2, \"hops\": 2");
    assertThat(ids(ours, "contexts")).containsExactly("default/b#0", "default/a#0");
    assertThat(server.ranker.behind.codePoints().toArray())
        .isEqualTo("word of b".codePoints().toArray());
    JsonObject selection = ours.getJsonObject("selection");
    assertThat(selection.getInteger("hops")).isEqualTo(2);
    assertThat(selection.getJsonArray("candidates"))
        .isEqualTo(
            new JsonArray(
                """
                [{"id": "default/b#0", "score": -1.0},
                 {"id": "default/a#0", "second_score": 0.0},
                 {"id": "default/c#0", "score": -2.0, "second_score": -2.0}]\
                """));

    JsonObject once = ask(", \"keep\": 2");
    assertThat(once.getJsonObject("selection").getInteger("hops")).isEqualTo(1);
    assertThat(once.toString()).doesNotContain("second_score");
    JsonObject pair =
        ask(
            ", \"contexts\": [\"default/a\", \"default/b\"], \"keep\": 2, \"hops\": 2,"
                + " \"selection\": \"attention\"");
    assertThat(pair.getJsonObject("selection").getInteger("hops")).as("one is left").isEqualTo(1);
  }

  @Test
  void aSecondHopNeedsHeadsAndSomethingLeftToChoose() throws Exception {
    JsonObject uncalibrated = ask(", \"keep\": 2, \"hops\": 2").getJsonObject("selection");
    assertThat(uncalibrated.getString("by")).isEqualTo("likelihood");
    assertThat(uncalibrated.getInteger("hops")).isEqualTo(1);
    for (String options :
        List.of(
            "",
            ", \"keep\": 0.9",
            ", \"keep\": 2, \"selection\": \"likelihood\"",
            ", \"top_k\": 0")) {
      assertThat(refused(options + ", \"hops\": 2"))
          .isEqualTo(
              "gibbon.hops 2 needs gibbon.selection attention and gibbon.keep of at least 2");
    }
    assertThat(refused(", \"keep\": 3, \"hops\": 3"))
        .isEqualTo("gibbon.hops must be at least 1 and at most 2, not 3");
  }

  @Test
  void aConfiguredSecondHopIsForSelectionsThatCanUseIt() {
    ServerConfig config =
        ServerConfig.of(Map.of("selection", "attention", "keep", "3", "hops", "2"));
    assertThat(hops(config, null, null)).isEqualTo(2);
    assertThat(hops(config, null, 1.0)).isEqualTo(1);
    assertThat(hops(config, Selection.LIKELIHOOD, null)).isEqualTo(1);
    assertThatThrownBy(() -> ServerConfig.of(Map.of("hops", "2")))
        .hasMessage("hops 2 needs selection attention and keep of at least 2");
    assertThatThrownBy(() -> ServerConfig.of(Map.of("hops", "3")))
        .hasMessage("hops must be between 1 and 2, not 3");
  }

  private static int hops(ServerConfig config, Selection selection, Double keep) {
    return ContextOptions.proposal(config, true, false, null, selection, keep, null).hops();
  }

  @Test
  void whereThereIsNothingToChooseTheCandidatesAreListedWithoutScores() throws Exception {
    JsonObject lone = ask(", \"contexts\": [\"default/a\"], \"keep\": 1");
    assertThat(lone.getJsonObject("selection").getString("by")).isEqualTo("none");
    assertThat(ids(lone.getJsonObject("selection"), "candidates")).containsExactly("default/a#0");
    assertThat(lone.getJsonObject("selection").toString()).doesNotContain("score");
    JsonObject citation = lone.getJsonArray("citations").getJsonObject(0);
    assertThat(citation.getString("document")).isEqualTo("a");
    assertThat(citation.containsKey("share")).as("it would always be 1").isFalse();
  }

  @Test
  void aClientThatLeavesEndsTheChoice() throws Exception {
    CountDownLatch choosing = new CountDownLatch(1);
    CountDownLatch left = new CountDownLatch(1);
    server.ranker.onRank =
        wanted -> {
          choosing.countDown();
          await().until(() -> !wanted.getAsBoolean());
          left.countDown();
        };
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<JsonObject> leaves = clients.submit(() -> ask(""));
      choosing.await();
      leaves.cancel(true);
      left.await();
    }
    server.ranker.onRank = wanted -> {};
    ask("");
    assertThat(server.generator.tasks).as("of the second client").hasSize(1);
  }

  @Test
  void aContextThatCannotBeReachedIsNoCandidate() throws Exception {
    server.states.gone.add("default/c#0");
    JsonObject ours = ask("");
    assertThat(ids(ours, "contexts")).containsExactly("default/b#0");
    assertThat(ours.getJsonArray("dropped").getList()).containsExactly("default/c#0");
  }

  private JsonObject calibration() throws Exception {
    return new JsonObject(server.get("/v1/calibration").body());
  }

  private JsonObject ask(String options) throws Exception {
    return server.chat(body(options)).getJsonObject("gibbon");
  }

  private String refused(String options) throws Exception {
    HttpResponse<String> response = server.post("/v1/chat/completions", body(options));
    assertThat(response.statusCode()).isEqualTo(400);
    return new JsonObject(response.body()).getJsonObject("error").getString("message");
  }

  private static String body(String options) {
    return """
    {"max_tokens": 2, "messages": [{"role": "user", "content": "word"}],
     "gibbon": {"collection": "default"%s}}\
    """
        .formatted(options);
  }

  private static List<String> ids(JsonObject object, String field) {
    return object.getJsonArray(field).stream().map(o -> ((JsonObject) o).getString("id")).toList();
  }
}
