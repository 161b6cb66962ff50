package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.server.TestServer;
import io.gibbon.topology.DocumentStatus;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What clients see of a server that is busy, or broken inside. */
class BusyServerTest {

  private static final String DOCUMENT = "/v1/collections/island/documents/ferry";
  private static final String QUESTION =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}], \"max_tokens\": 1}";

  private final ExecutorService clients = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    clients.shutdownNow();
  }

  @Test
  void healthChecksWaitForNoThread() throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger spinning = new AtomicInteger();
    int carriers = Runtime.getRuntime().availableProcessors();
    try (TestServer server = TestServer.start(Map.of())) {
      server.states.onLook =
          () -> {
            spinning.incrementAndGet();
            while (!over.get()) {
              Thread.onSpinWait();
            }
          };
      List<CompletableFuture<Integer>> busy = new ArrayList<>();
      for (int i = 0; i <= carriers; i++) {
        busy.add(get(server, DOCUMENT).thenApply(HttpResponse::statusCode));
      }
      try {
        await().until(() -> spinning.get() >= carriers);

        assertThat(get(server, "/health/live").get(10, TimeUnit.SECONDS).statusCode())
            .isEqualTo(200);
        assertThat(get(server, "/health/ready").get(10, TimeUnit.SECONDS).statusCode())
            .isEqualTo(200);
        assertThat(busy).noneMatch(CompletableFuture::isDone);
      } finally {
        over.set(true);
      }
      assertThat(busy).allSatisfy(call -> assertThat(call.join()).isEqualTo(404));
    }
  }

  @Test
  void tellsOneWaitTooManyToComeBack() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    try (TestServer server = TestServer.start(Map.of("max-waits", "1"))) {
      server.states.put("island", "ferry", "x", 100, DocumentStatus.State.PENDING);
      server.states.onLook = looks::incrementAndGet;
      CompletableFuture<HttpResponse<String>> first = get(server, DOCUMENT + "?wait=encoded");
      await().until(() -> looks.get() > 0);

      HttpResponse<String> second = server.get(DOCUMENT + "?wait=encoded");
      assertThat(second.statusCode()).isEqualTo(429);
      assertThat(second.headers().firstValue("Retry-After")).isPresent();
      assertThat(second.body()).contains("1 writes of documents and waits for them", "the limit");
      assertThat(server.get(DOCUMENT).statusCode()).isEqualTo(200);

      server.states.add("island", "ferry", "x", 100);
      assertThat(first.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(server.get(DOCUMENT + "?wait=encoded").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void waitsUntilADocumentIsGone() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    try (TestServer server = TestServer.start(Map.of())) {
      server.states.add("island", "ferry", "x", 100);
      server.states.onLook = looks::incrementAndGet;
      CompletableFuture<HttpResponse<String>> gone = get(server, DOCUMENT + "?wait=deleted");
      await().until(() -> looks.get() > 0);
      assertThat(gone).isNotDone();
      server.states.delete("island", "ferry", 300);

      assertThat(gone.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(new JsonObject(gone.get().body()).getString("state")).isEqualTo("deleted");
      String after = DOCUMENT + "?wait=deleted&timeout=0.05&after=island/ferry@";
      assertThat(server.get(after + "300").statusCode()).isEqualTo(200);
      assertThat(server.get(after + "400").statusCode()).isEqualTo(504);
    }
  }

  @Test
  void anErrorInsideIsToldAndKeepsNoSlot() throws Exception {
    try (TestServer server = TestServer.start(Map.of("max-requests", "1"))) {
      server.states.add("default", "ferry", "x", 100);
      server.states.onLook =
          () -> {
            throw new OutOfMemoryError("for the test");
          };
      HttpResponse<String> failed = server.post("/v1/chat/completions", QUESTION);
      assertThat(failed.statusCode()).isEqualTo(500);
      assertThat(failed.body()).contains("internal_error").doesNotContain("OutOfMemory");
      assertThat(server.get(DOCUMENT).statusCode()).isEqualTo(500);

      server.states.onLook = () -> {};
      assertThat(server.chat(QUESTION)).isNotNull();
    }
  }

  @Test
  void isNotLiveOnceNothingCanBeGeneratedAnyMore() throws Exception {
    try (TestServer server = TestServer.start(Map.of())) {
      assertThat(new JsonObject(server.get("/health/live").body()).getString("status"))
          .isEqualTo("live");

      server.generator.end = Optional.of("the model runtime has stopped");

      HttpResponse<String> live = server.get("/health/live");
      assertThat(live.statusCode()).isEqualTo(503);
      assertThat(new JsonObject(live.body()).getString("status")).isEqualTo("failed");
    }
  }

  private CompletableFuture<HttpResponse<String>> get(TestServer server, String path) {
    CompletableFuture<HttpResponse<String>> response = new CompletableFuture<>();
    clients.execute(
        () -> {
          try {
            response.complete(server.get(path));
          } catch (Exception e) {
            response.completeExceptionally(e);
          }
        });
    return response;
  }
}
