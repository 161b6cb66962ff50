package io.gibbon.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.ingest.KafkaSink;
import io.gibbon.topology.TopologyConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoScriptTest {

  private static final String COLLECTIONS =
      """
      {"object": "list", "data": [{"collection": "brindle", "documents": 1000, "contexts": 1000}]}
      """;

  @TempDir Path directory;

  /** The collection holds all but the deleted document, and some that the user added. */
  @Test
  void aReplayDoesNotMindDocumentsOfTheUser() throws Exception {
    Files.writeString(directory.resolve("played"), "");
    StringWriter out = new StringWriter();
    HttpServer server = server();
    try (GibbonClient client =
            new GibbonClient("http://127.0.0.1:" + server.getAddress().getPort(), null);
        KafkaSink producer =
            new KafkaSink(
                TopologyConfig.of(Map.of("kafka.bootstrap.servers", "127.0.0.1:1")),
                new MockProducer<>(
                    true, null, new StringSerializer(), new ByteArraySerializer()))) {
      DemoScript script =
          new DemoScript(client, producer, () -> 0, directory, new PrintWriter(out, true));
      assertThat(script.play()).isPositive();
      assertThat(script.missing()).containsExactly(Corpus.DELETED);
      script.printHowToAsk("http://127.0.0.1:8080", "127.0.0.1:9092", "documents");
    } finally {
      server.stop(0);
    }
    assertThat(out.toString())
        .contains("FAILED: the answer says")
        .doesNotContain("FAILED: all documents")
        .doesNotContain("Page:");
  }

  private static HttpServer server() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          boolean deleted = path.endsWith("/" + Corpus.DELETED);
          String body =
              path.equals("/v1/collections")
                  ? COLLECTIONS
                  : path.equals("/v1/chat/completions") ? "data: [DONE]\n\n" : "{}";
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(deleted ? 404 : 200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    return server;
  }
}
