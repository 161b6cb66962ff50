package io.gibbon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What clients see of a server that starts or stops. */
class StartAndStopTest {

  @Test
  void answersUnderWayAreToldThatTheServerStops() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      TestServer server = TestServer.start(Map.of());
      server.generator.hangsAfter = 1;
      CompletableFuture<HttpResponse<String>> response =
          client.sendAsync(
              server
                  .request("/v1/chat/completions")
                  .header("Content-Type", "application/json")
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"model\": \"fake\", \"messages\":"
                              + " [{\"role\": \"user\", \"content\": \"?\"}]}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      await().until(() -> !server.generator.tasks.isEmpty());

      server.close();

      assertThat(response.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
      assertThat(response.get().body()).contains("\"stopping\"");
      assertThat(server.generator.cancelled).hasValue(1);
    }
  }

  @Test
  void aServerThatCannotListenLeavesNothingOpen() throws Exception {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      Map<String, String> settings =
          Map.of(
              "port",
              Integer.toString(taken.getLocalPort()),
              "kafka.bootstrap.servers",
              "127.0.0.1:1");

      assertThatThrownBy(() -> TestServer.start(settings, registry)).hasMessageContaining("in use");
    }
    assertThat(registry.getMeters()).isEmpty();
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("kafka-producer-network-thread"))
        .noneMatch(name -> name.startsWith("gibbon-"));
  }
}
