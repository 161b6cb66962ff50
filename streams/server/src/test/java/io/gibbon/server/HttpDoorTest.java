package io.gibbon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server that listens before it can answer. */
final class HttpDoorTest {

  private static final int PATIENCE = 20;

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpDoor door;

  @BeforeEach
  void listen() throws Exception {
    ServerConfig config = ServerConfig.of(Map.of("port", "0"));
    door = HttpDoor.listen(vertx, config).await(PATIENCE, TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().await(PATIENCE, TimeUnit.SECONDS);
    client.close();
  }

  @Test
  void healthIsToldBeforeThereIsAnythingElse() throws Exception {
    assertThat(status(get("/health/live"), 200)).isEqualTo("starting");
    assertThat(status(get("/health/ready"), 503)).isEqualTo("starting");
  }

  @Test
  void earlyRequestsWaitAndAreAnsweredWithNothingOfTheirBodiesLost() throws Exception {
    String body = "word ".repeat(100_000);
    CompletableFuture<HttpResponse<String>> early = post("/early", body);
    status(get("/health/live"), 200);
    assertThat(early).isNotDone();

    door.open(
        request ->
            request.body().onSuccess(read -> request.response().end(request.path() + " " + read)));

    assertThat(early.get(PATIENCE, TimeUnit.SECONDS).body()).isEqualTo("/early " + body);
    assertThat(post("/late", body).get(PATIENCE, TimeUnit.SECONDS).body())
        .isEqualTo("/late " + body);
  }

  @Test
  void healthIsTheHandlersOnceItIsOpen() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    door.open(request -> request.response().end("asked " + asked.incrementAndGet()));

    assertThat(get("/health/live").body()).isEqualTo("asked 1");
  }

  @Test
  void theWaitingAreToldByAClosedConnectionWhenNothingComesOfIt() throws Exception {
    CompletableFuture<HttpResponse<String>> early = post("/early", "?");
    status(get("/health/live"), 200);

    door.close().await(PATIENCE, TimeUnit.SECONDS);

    assertThatThrownBy(() -> early.get(PATIENCE, TimeUnit.SECONDS))
        .hasCauseInstanceOf(IOException.class);
  }

  private static String status(HttpResponse<String> response, int expected) {
    assertThat(response.statusCode()).isEqualTo(expected);
    return new JsonObject(response.body()).getString("status");
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(request(path).build(), BodyHandlers.ofString());
  }

  private CompletableFuture<HttpResponse<String>> post(String path, String body) {
    return client.sendAsync(
        request(path).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.port() + path));
  }
}
