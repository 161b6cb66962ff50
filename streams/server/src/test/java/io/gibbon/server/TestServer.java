package io.gibbon.server;

import io.gibbon.runtime.Profile;
import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.server.answer.Engine;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The real verticle on a free port, over a fake model and fake states: one token is one letter. */
public final class TestServer implements AutoCloseable {

  /** Window of the fake model. */
  public static final int WINDOW = 1000;

  private static final long BUDGET = 64 << 20;

  private static final Profile PROFILE =
      new Profile(
          "fake", "0123456789abcdef", new KvLayout(1, 1, 16, KvFormat.F32), 10, WINDOW, 100);

  /** What generates. */
  public final FakeGenerator generator = new FakeGenerator();

  /** What is found. */
  public final FakeStates states = new FakeStates(PROFILE.layout());

  /** What chooses contexts, and learns how. */
  public final FakeRanker ranker = new FakeRanker();

  /** What encodes contexts behind others. */
  public final FakeContextEncoder encoder = new FakeContextEncoder(PROFILE.layout());

  /** Holds states. */
  public final KvCache cache;

  /** Holds the server's meters. */
  public final PrometheusMeterRegistry registry;

  private final Vertx vertx = Vertx.vertx();
  private final GibbonVerticle verticle;
  private final HttpClient client = HttpClient.newHttpClient();

  private TestServer(
      Map<String, String> settings, PrometheusMeterRegistry registry, long budgetBytes) {
    this.registry = registry;
    this.cache = new KvCache(budgetBytes);
    Map<String, String> all = new HashMap<>(Map.of("port", "0", "selection", "none"));
    all.putAll(settings);
    Engine engine = new Engine(PROFILE, new Letters(), generator, cache, ranker, encoder);
    verticle = new GibbonVerticle(ServerConfig.of(all), engine, states, registry);
  }

  /** Starts a server with some settings besides the defaults. */
  public static TestServer start(Map<String, String> settings) throws Exception {
    return start(settings, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
  }

  /** Starts a server whose meters go to a registry. */
  public static TestServer start(Map<String, String> settings, PrometheusMeterRegistry registry)
      throws Exception {
    return start(settings, registry, BUDGET);
  }

  /** Starts a server that holds no more than so many bytes of states. */
  public static TestServer start(Map<String, String> settings, long budgetBytes) throws Exception {
    return start(settings, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), budgetBytes);
  }

  private static TestServer start(
      Map<String, String> settings, PrometheusMeterRegistry registry, long budgetBytes)
      throws Exception {
    TestServer server = new TestServer(settings, registry, budgetBytes);
    server.vertx.deployVerticle(server.verticle).await(30, TimeUnit.SECONDS);
    return server;
  }

  /** The fake model. */
  public static Engine engine(FakeGenerator generator, KvCache cache) {
    return new Engine(
        PROFILE,
        new Letters(),
        generator,
        cache,
        new FakeRanker(),
        new FakeContextEncoder(PROFILE.layout()));
  }

  /** Every letter is a token. */
  private record Letters() implements Engine.Prompts {
    @Override
    public int[] chat(List<ChatMessage> messages, boolean grounded) {
      return messages.stream().map(ChatMessage::content).flatMapToInt(String::chars).toArray();
    }

    @Override
    public int[] completion(String prompt, boolean grounded) {
      return prompt.chars().toArray();
    }

    @Override
    public int[] text(String text) {
      return text.chars().toArray();
    }

    @Override
    public int[] context(String title, String text) {
      return text.chars().toArray();
    }

    @Override
    public int[] opening(String question) {
      return question.chars().toArray();
    }

    @Override
    public int fewest(long characters) {
      return (int) characters;
    }
  }

  /** Where it listens. */
  public int port() {
    return verticle.port();
  }

  /** A request to a path. */
  public HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path));
  }

  /** Sends and reads the response to its end. */
  public HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Gets a path. */
  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).GET());
  }

  /** Posts JSON. */
  public HttpResponse<String> post(String path, String json)
      throws IOException, InterruptedException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  /** Posts JSON to the chat and reads JSON. */
  public JsonObject chat(String json) throws IOException, InterruptedException {
    HttpResponse<String> response = post("/v1/chat/completions", json);
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + " " + response.body());
    }
    return new JsonObject(response.body());
  }

  @Override
  public void close() throws Exception {
    client.close();
    vertx.close().await(30, TimeUnit.SECONDS);
    cache.close();
  }
}
