package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.engine.Head;
import io.gibbon.server.FakeRanker;
import io.gibbon.server.TestServer;
import io.gibbon.topology.StateUnavailableException;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a calibration changes, and when it changes nothing. */
class CalibrationTest {

  private static final Calibration EARLIER = new Calibration(0.5, 0.6, List.of(new Head(3, 4)));

  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(Map.of());
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  @Test
  void onlyOneRunsAtATime() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    server.ranker.calibration =
        () -> {
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return FakeRanker.report(0.1, 0.9);
        };
    assertThat(begin().statusCode()).isEqualTo(202);
    HttpResponse<String> second = begin();
    assertThat(second.statusCode()).isEqualTo(409);
    assertThat(new JsonObject(second.body()).getJsonObject("error").getString("code"))
        .isEqualTo("calibrating");
    goOn.countDown();
    assertThat(end().getString("state")).isEqualTo("done");
    assertThat(begin().statusCode()).isEqualTo(202);
  }

  @Test
  void itsSeedIsToldAndDrawsItsContexts() throws Exception {
    for (int i = 0; i < 20; i++) {
      server.states.add("a", "d" + i, "text " + i, 100);
    }
    assertThat(status().containsKey("seed")).isFalse();
    server.post("/v1/calibration", "{\"seed\": 7}");
    assertThat(end().getLong("seed")).isEqualTo(7);
    assertThat(server.states.drawnBy).isEqualTo(7);
    assertThat(server.ranker.calibratedOn)
        .isEqualTo(
            server.states.sample(null, 1000, 7).candidates().stream()
                .map(one -> one.context().document().toString())
                .toList());
  }

  @Test
  void itTellsThatSomeDocumentsWereNotThere() throws Exception {
    begin();
    assertThat(end().getJsonObject("report").getBoolean("complete")).isTrue();
    server.states.complete = false;
    begin();
    assertThat(end().getJsonObject("report").getBoolean("complete")).isFalse();
  }

  @Test
  void whatGainsNothingChangesNothing() throws Exception {
    server.ranker.calibration = () -> FakeRanker.report(-0.1, 0.4);
    begin();
    assertThat(end().containsKey("used")).isFalse();

    server.states.calibration = EARLIER;
    begin();
    assertThat(end().getJsonObject("report").getBoolean("better")).isFalse();
    assertThat(server.states.calibration).isEqualTo(EARLIER);
  }

  @Test
  void factorsAndHeadsAreJudgedApart() throws Exception {
    server.states.calibration = EARLIER;
    server.ranker.calibration = () -> FakeRanker.report(0.1, 0.4);
    begin();
    end();
    assertThat(server.states.calibration)
        .isEqualTo(new Calibration(0.7, 0.9, List.of(new Head(3, 4))));

    server.states.calibration = EARLIER;
    server.ranker.calibration = () -> FakeRanker.report(-0.1, 0.9);
    begin();
    end();
    assertThat(server.states.calibration)
        .isEqualTo(new Calibration(0.5, 0.6, List.of(new Head(0, 0))));
  }

  @Test
  void headsThatFindLittleAreNotUsedEvenAtFirst() throws Exception {
    server.ranker.calibration = () -> FakeRanker.report(0.1, 0.4);
    begin();
    assertThat(end().getJsonObject("used").getJsonArray("heads")).isEmpty();
  }

  @Test
  void whatCannotBeFinishedSaysWhyAndChangesNothing() throws Exception {
    server.states.calibration = EARLIER;
    for (RuntimeException cause :
        List.of(new StateUnavailableException("moved"), new IllegalArgumentException("too few"))) {
      server.ranker.calibration =
          () -> {
            throw cause;
          };
      begin();
      JsonObject failed = end();
      assertThat(failed.getString("state")).isEqualTo("failed");
      assertThat(failed.getString("reason")).isEqualTo(cause.getMessage());
    }
    assertThat(server.states.calibration).isEqualTo(EARLIER);
  }

  private HttpResponse<String> begin() throws Exception {
    return server.post("/v1/calibration", "{}");
  }

  private JsonObject end() throws Exception {
    await().until(() -> !status().getString("state").equals("running"));
    return status();
  }

  private JsonObject status() throws Exception {
    return new JsonObject(server.get("/v1/calibration").body());
  }
}
