package io.gibbon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.broker.EmbeddedBroker;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.server.answer.Engine;
import io.gibbon.topology.GibbonStreams;
import io.gibbon.topology.TopologyConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broker, topology, a tiny model and the server, all real: documents in, answers out. */
class EndToEndIT {

  @TempDir private static Path directory;

  private static EmbeddedBroker broker;
  private static ModelRuntime runtime;
  private static GibbonStreams streams;
  private static Vertx vertx;
  private static GibbonVerticle verticle;
  private static HttpClient client;

  @BeforeAll
  static void start() throws Exception {
    broker = EmbeddedBroker.start(directory.resolve("broker"), 0);
    runtime = ModelRuntime.open(RuntimeConfig.of(TinyModel.writeDefault(directory)));
    streams =
        new GibbonStreams(
            TopologyConfig.of(
                Map.of(
                    "kafka.bootstrap.servers", broker.bootstrapServers(),
                    "partitions", "2",
                    "state-dir", directory.resolve("state").toString())),
            runtime);
    streams.start();
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    GibbonMeters.bind(registry, streams.metrics());
    vertx = Vertx.vertx();
    verticle =
        new GibbonVerticle(
            ServerConfig.of(
                Map.of("port", "0", "kafka.bootstrap.servers", broker.bootstrapServers())),
            Engine.of(runtime),
            streams.reader(),
            registry);
    vertx.deployVerticle(verticle).await(60, TimeUnit.SECONDS);
    client = HttpClient.newHttpClient();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> send(request("/health/ready").GET()).statusCode() == 200);
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    vertx.close().await(30, TimeUnit.SECONDS);
    streams.close();
    runtime.close();
    broker.close();
  }

  @Test
  void aDocumentIsWrittenEncodedAskedChangedAndDeleted() throws Exception {
    String path = "/v1/collections/island/documents/times%2Fferry";
    HttpResponse<String> accepted = put(path, "The ferry leaves at nine.", "");
    assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
    String after = json(accepted).getString("after");
    assertThat(after).startsWith("island/times/ferry@");

    JsonObject document = json(send(request(path + "?wait=encoded&after=" + escape(after)).GET()));
    assertThat(document.getString("state")).isEqualTo("encoded");
    assertThat(document.getString("id")).isEqualTo("times/ferry");
    assertThat(document.getString("text")).isEqualTo("The ferry leaves at nine.");
    assertThat(document.getInteger("contexts")).isEqualTo(1);

    JsonArray contexts = ask("ferry", "\"collection\": \"island\"").getJsonArray("contexts");
    assertThat(contexts.getJsonObject(0).getString("id")).isEqualTo("island/times/ferry#0");
    assertThat(contexts.getJsonObject(0).getDouble("attention_share")).isBetween(0.0, 1.0);

    put(
        "/v1/collections/island/documents/times%2Fbus",
        "Busses wait for the ferry.", "?wait=encoded");
    String inOrder =
        "\"combine\": \"sequential\", \"contexts\": [\"island/times/ferry\", \"island/times/bus\"]";
    assertThat(ask("ferry", inOrder).getString("combine")).isEqualTo("sequential");
    assertThat(ask("ferry", inOrder).getJsonObject("timings").getDouble("combine_ms")).isPositive();
    int cached = runtime.cache().stats().entries();

    HttpResponse<String> changed = put(path, "The ferry leaves at noon.", "?wait=encoded");
    assertThat(changed.statusCode()).as(changed.body()).isEqualTo(200);
    assertThat(runtime.cache().stats().entries())
        .as("the ferry apart, and the bus behind it, are freed")
        .isEqualTo(cached - 2);
    JsonObject report = ask("ferry", "\"text\": true, \"contexts\": [\"island/times/ferry#0\"]");
    assertThat(report.getJsonArray("contexts").getJsonObject(0).getString("text")).contains("noon");

    HttpResponse<String> deleted = send(request(path + "?wait=deleted").DELETE());
    assertThat(deleted.statusCode()).as(deleted.body()).isEqualTo(200);
    assertThat(send(request(path).GET()).statusCode()).isEqualTo(404);
  }

  @Test
  void streamsAnAnswerOverEncodedDocuments() throws Exception {
    put("/v1/collections/default/documents/1", "Boats pay a harbour fee.", "?wait=encoded");
    put("/v1/collections/default/documents/2", "The clinic opens at ten.", "?wait=encoded");

    HttpResponse<String> response =
        post(
            "/v1/chat/completions",
            """
            {"stream": true, "max_tokens": 8, "seed": 1,
             "messages": [{"role": "system", "content": "Be brief."},
                          {"role": "user", "content": "harbour fee"},
                          {"role": "assistant", "content": "Which?"},
                          {"role": "user", "content": "clinic <|im_end|>"}]}\
            """);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    List<String> events = response.body().lines().filter(line -> !line.isEmpty()).toList();
    assertThat(events.getLast()).isEqualTo("data: [DONE]");
    JsonObject first = new JsonObject(events.getFirst().substring(6)).getJsonObject("gibbon");
    assertThat(first.getJsonArray("contexts").getJsonObject(0).getString("document"))
        .isEqualTo("2");
    JsonObject last =
        new JsonObject(events.get(events.size() - 2).substring(6)).getJsonObject("gibbon");
    assertThat(last.getInteger("cached_tokens"))
        .isEqualTo(
            runtime.profile().prefixTokens()
                + last.getJsonArray("contexts").getJsonObject(0).getInteger("tokens"));
  }

  @Test
  void refusesAQuestionThatIsFarTooLongWithoutReadingIt() throws Exception {
    String question = "All hands on deck. ".repeat(150_000);
    HttpResponse<String> refused =
        send(
            request("/v1/chat/completions")
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}"
                            .formatted(question))));

    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("context_length_exceeded", "the question has at least ");
  }

  @Test
  void listsCollectionsAndCountsThem() throws Exception {
    put("/v1/collections/counted/documents/1", "One.", "?wait=encoded");

    JsonObject all = json(send(request("/v1/collections").GET()));

    assertThat(all.getJsonArray("data").stream().map(JsonObject.class::cast))
        .anySatisfy(
            collection -> {
              assertThat(collection.getString("collection")).isEqualTo("counted");
              assertThat(collection.getInteger("documents")).isEqualTo(1);
            });
    assertThat(send(request("/metrics").GET()).body())
        .containsPattern("gibbon_documents_total\\{outcome=\"encoded\"} [1-9]");
  }

  @Test
  void refusesDocumentsThatBreakARule() throws Exception {
    String path = "/v1/collections/island/documents/bad";
    assertThat(json(put(path, "  \t ", "")).getJsonObject("error").getString("message"))
        .isEqualTo("text: is only white space");
    assertThat(put("/v1/collections/a%2Fb/documents/bad", "text", "").statusCode()).isEqualTo(400);
    assertThat(put(path, "x".repeat(50_000_000), "").statusCode()).isEqualTo(413);
  }

  private static JsonObject ask(String question, String options) throws Exception {
    HttpResponse<String> response =
        post(
            "/v1/chat/completions",
            """
            {"messages": [{"role": "user", "content": "%s"}], "max_tokens": 4, "gibbon": {%s}}\
            """
                .formatted(question, options));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response).getJsonObject("gibbon");
  }

  private static HttpResponse<String> put(String path, String text, String query) throws Exception {
    String body = new JsonObject().put("title", "Ferry").put("text", text).encode();
    return send(
        request(path + query)
            .header("Content-Type", "application/json")
            .PUT(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static HttpResponse<String> post(String path, String body) throws Exception {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + verticle.port() + path));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static JsonObject json(HttpResponse<String> response) {
    return new JsonObject(response.body());
  }

  private static String escape(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
