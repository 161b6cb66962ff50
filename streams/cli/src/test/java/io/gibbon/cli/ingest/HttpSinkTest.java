package io.gibbon.cli.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.client.ServerAbsentException;
import io.gibbon.schemas.Document;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpSinkTest {

  private final List<String> bodies = new CopyOnWriteArrayList<>();
  private final List<@Nullable String> reasons = new CopyOnWriteArrayList<>();
  private HttpServer server;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          byte[] answer = "{}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void carriesTimesAndStopsOnceTheServerIsGone() {
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    Document document =
        new Document("c", "d", "", "x", Map.of(), Instant.parse("2026-01-31T12:00:00Z"));
    try (GibbonClient client = new GibbonClient(url, null);
        HttpSink sink = new HttpSink(client)) {
      sink.send(document, reason -> reasons.add(String.valueOf(reason)));
      sink.flush();
      assertThat(reasons).containsExactly("null");
      assertThat(bodies.getLast()).contains("\"timestamp\":\"2026-01-31T12:00:00Z\"");

      server.stop(0);
      sink.send(document, reason -> reasons.add(String.valueOf(reason)));
      sink.flush();
      assertThat(reasons).hasSize(2);
      assertThat(reasons.getLast()).isNotEqualTo("null");
    }
  }

  @Test
  void saysAtOnceThatThereIsNoServer() {
    try (GibbonClient client = new GibbonClient("http://127.0.0.1:1", null)) {
      assertThatThrownBy(() -> new HttpSink(client)).isInstanceOf(ServerAbsentException.class);
    }
  }
}
