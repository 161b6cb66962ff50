package io.gibbon.cli.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.gibbon.cli.UserException;
import io.gibbon.schemas.Document;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Talks to a running server over HTTP. Thread-safe. Every method blocks until the server has
 * answered.
 */
public final class GibbonClient implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private final URI base;
  private final @Nullable String apiKey;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final ObjectMapper json = new ObjectMapper();

  /**
   * What a collection holds.
   *
   * @param name its name
   * @param documents encoded documents
   * @param pending documents waiting to be encoded
   * @param failed documents given up
   * @param contexts encoded contexts
   * @param tokens their tokens
   */
  public record Collection(
      String name, long documents, long pending, long failed, long contexts, long tokens) {}

  /**
   * What to ask.
   *
   * @param question the question
   * @param collection where to search; null for the server's own choice
   * @param topK the most contexts; null for the server's default
   * @param hops how often to choose among them; null for the server's default
   * @param combine how they are combined, as the API spells it; null for the server's default
   * @param maxTokens the most tokens of the answer; null for the server's default
   */
  public record Question(
      String question,
      @Nullable String collection,
      @Nullable Integer topK,
      @Nullable Integer hops,
      @Nullable String combine,
      @Nullable Integer maxTokens) {

    /** A question over a collection, with the server's defaults. */
    public static Question over(String collection, String question) {
      return new Question(question, collection, null, null, null, null);
    }
  }

  /**
   * A client of one server.
   *
   * @param url such as {@code http://127.0.0.1:8080}
   * @param apiKey sent as bearer token, or null
   */
  public GibbonClient(String url, @Nullable String apiKey) {
    try {
      this.base = URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
    } catch (IllegalArgumentException e) {
      throw new UserException("%s is not a URL".formatted(url), e);
    }
    if (base.getHost() == null || !Set.of("http", "https").contains(base.getScheme())) {
      throw new UserException(
          "%s is not the URL of a server, such as http://127.0.0.1:8080".formatted(url));
    }
    this.apiKey = apiKey;
  }

  /** Whether the server is there and its stores are restored. */
  public boolean ready() {
    try {
      return send(request("/health/ready").GET(), BodyHandlers.discarding()).statusCode() == 200;
    } catch (ServerAbsentException | UserException e) {
      return false;
    }
  }

  /**
   * Makes sure that somebody listens.
   *
   * @throws ServerAbsentException if nobody does
   */
  public void requirePresent() {
    send(request("/health/live").GET(), BodyHandlers.discarding());
  }

  /** All collections. */
  public List<Collection> collections() {
    List<Collection> collections = new ArrayList<>();
    call(request("/v1/collections").GET())
        .path("data")
        .forEach(
            node ->
                collections.add(
                    new Collection(
                        node.path("collection").asText(),
                        node.path("documents").asLong(),
                        node.path("pending").asLong(),
                        node.path("failed").asLong(),
                        node.path("contexts").asLong(),
                        node.path("tokens").asLong())));
    return collections;
  }

  /** One collection, or nothing where it holds no document. */
  public Optional<Collection> collection(String name) {
    return collections().stream().filter(collection -> collection.name().equals(name)).findFirst();
  }

  /** Writes a document; returns when Kafka has acknowledged it. */
  public void put(Document document) {
    ObjectNode body = json.createObjectNode();
    body.put("title", document.getTitle());
    body.put("text", document.getText());
    ObjectNode metadata = body.putObject("metadata");
    document.getMetadata().forEach(metadata::put);
    if (document.getTimestamp() != null) {
      body.put("timestamp", document.getTimestamp().toString());
    }
    call(
        request(path(document.getCollection(), document.getId()))
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofByteArray(bytes(body))));
  }

  /** Whether there is such a document, pending or not. */
  public boolean exists(String collection, String id) {
    HttpRequest.Builder request = request(path(collection, id)).GET();
    HttpResponse<byte[]> response = send(request, BodyHandlers.ofByteArray());
    if (response.statusCode() == 404) {
      return false;
    }
    if (response.statusCode() != 200) {
      throw refused(response.statusCode(), response.body());
    }
    return true;
  }

  /**
   * Waits until a write of a document is encoded or given up, as long as the server waits at most.
   *
   * @param timestamp of the write's record
   * @throws UserException if it was given up, or took too long
   */
  public void awaitEncoded(String collection, String id, long timestamp) {
    String after = escape("%s/%s@%d".formatted(collection, id, timestamp));
    JsonNode status = call(request(path(collection, id) + "?wait=encoded&after=" + after).GET());
    if (!status.path("state").asText().equals("encoded")) {
      throw new UserException(
          "%s/%s was not encoded: %s"
              .formatted(collection, id, status.path("reason").asText("no reason given")));
    }
  }

  /**
   * Starts a calibration; returns at once.
   *
   * @param collection whose documents to learn from; null for all
   */
  public void startCalibration(@Nullable String collection, long seed) {
    ObjectNode body = json.createObjectNode().put("seed", seed);
    if (collection != null) {
      body.put("collection", collection);
    }
    call(
        request("/v1/calibration")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(bytes(body))));
  }

  /** How far the latest calibration is. */
  public CalibrationStatus calibration() {
    return CalibrationStatus.of(call(request("/v1/calibration").GET()));
  }

  /** Asks, and reads the answer as it is written. */
  public Answer ask(Question question, Consumer<String> onText) {
    HttpRequest.Builder request =
        request("/v1/chat/completions")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(bytes(body(question))));
    AnswerReader reader = new AnswerReader(json, onText, System.nanoTime());
    HttpResponse<InputStream> response = send(request, BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        throw refused(response.statusCode(), body.readAllBytes());
      }
      return reader.read(body);
    } catch (IOException e) {
      throw new UserException("the answer broke off: " + e.getMessage(), e);
    }
  }

  private ObjectNode body(Question question) {
    ObjectNode body = json.createObjectNode();
    body.putArray("messages").addObject().put("role", "user").put("content", question.question());
    body.put("stream", true);
    body.putObject("stream_options").put("include_usage", true);
    if (question.maxTokens() != null) {
      body.put("max_tokens", question.maxTokens());
    }
    ObjectNode options = body.putObject("gibbon").put("attribution", true);
    if (question.collection() != null) {
      options.put("collection", question.collection());
    }
    if (question.topK() != null) {
      options.put("top_k", question.topK());
    }
    if (question.hops() != null) {
      options.put("hops", question.hops());
    }
    if (question.combine() != null) {
      options.put("combine", question.combine());
    }
    return body;
  }

  /** The sum of all samples of a Prometheus counter or gauge, or 0. */
  public double metric(String name) {
    String text = new String(bytesOf(request("/metrics").GET()), StandardCharsets.UTF_8);
    return text.lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static String path(String collection, String id) {
    return "/v1/collections/%s/documents/%s".formatted(escape(collection), escape(id));
  }

  private static String escape(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).timeout(TIMEOUT);
    return apiKey == null ? request : request.header("Authorization", "Bearer " + apiKey);
  }

  private JsonNode call(HttpRequest.Builder request) {
    try {
      return json.readTree(bytesOf(request));
    } catch (IOException e) {
      throw new UserException("%s sent something that is no JSON".formatted(base), e);
    }
  }

  private byte[] bytesOf(HttpRequest.Builder request) {
    HttpResponse<byte[]> response = send(request, BodyHandlers.ofByteArray());
    if (response.statusCode() / 100 != 2) {
      throw refused(response.statusCode(), response.body());
    }
    return response.body();
  }

  private <T> HttpResponse<T> send(HttpRequest.Builder request, BodyHandler<T> handler) {
    try {
      return http.send(request.build(), handler);
    } catch (ConnectException e) {
      throw new ServerAbsentException(base.toString(), e);
    } catch (IOException e) {
      throw new UserException("%s does not answer: %s".formatted(base, e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  private UserException refused(int status, byte[] body) {
    String message = "";
    try {
      message = json.readTree(body).path("error").path("message").asText("");
    } catch (IOException e) {
      message = "";
    }
    return new UserException(
        message.isEmpty()
            ? "%s answered with status %d and no word of Gibbon's: --url names another server"
                .formatted(base, status)
            : message);
  }

  private byte[] bytes(JsonNode node) {
    try {
      return json.writeValueAsBytes(node);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
