package io.gibbon.schemas.serde;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Client of a schema registry's REST protocol, as Confluent's, Apicurio's and Karapace's registries
 * speak it: finds schemas by id and registers ours. Answers are kept, since ids never change their
 * meaning; an id that is unknown, or of a schema that we do not read, is asked for again after
 * {@link #UNKNOWN_FOR}. While no server answers, calls that are not answered from memory fail at
 * once, but for one after a second, then after twice as long each time, up to 30 s. Thread-safe;
 * calls that are not answered from memory block for at most the timeout per server.
 */
public final class SchemaRegistryClient {

  /** How long an id that the registry does not know, or that we cannot use, is not asked for. */
  public static final Duration UNKNOWN_FOR = Duration.ofSeconds(10);

  private static final int MAX_KEPT = 1_000;
  private static final int MAX_ANSWER_BYTES = 4 << 20;
  private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<URI> registries;
  private final @Nullable String authorization;
  private final Duration timeout;
  private final HttpClient http;
  private final Map<Integer, RegisteredSchema> schemas = bounded();
  private final Map<Integer, Refused> refused = bounded();
  private final Map<String, Integer> ids = bounded();
  private final LongSupplier nanoTime;
  private final Outage outage;

  /** Why a schema id cannot be used, and when that was found. */
  private record Refused(InvalidRecordException why, long nanos) {}

  /**
   * A client that asks nothing yet.
   *
   * @param registries base addresses of one registry's servers, tried in this order
   * @param credentials {@code user:password} for basic authentication, or null
   * @param timeout of connecting and of a whole request, its answer included
   * @throws IllegalArgumentException if there is no address, or one is not http or https, or holds
   *     credentials, which would be shown wherever the address is
   */
  public SchemaRegistryClient(
      List<URI> registries, @Nullable String credentials, Duration timeout) {
    this(registries, credentials, timeout, System::nanoTime);
  }

  /** As the other, with a clock as {@link System#nanoTime()}. */
  SchemaRegistryClient(
      List<URI> registries, @Nullable String credentials, Duration timeout, LongSupplier nanoTime) {
    if (registries.isEmpty()) {
      throw new IllegalArgumentException("a schema registry needs an address");
    }
    registries.forEach(SchemaRegistryClient::requireHttp);
    this.registries = List.copyOf(registries);
    this.authorization =
        credentials == null
            ? null
            : "Basic "
                + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
    this.timeout = timeout;
    this.nanoTime = nanoTime;
    this.outage = new Outage(nanoTime, timeout.multipliedBy(registries.size()));
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  private static void requireHttp(URI uri) {
    if (uri.toString().contains("@")) {
      throw new IllegalArgumentException(
          "an address of the schema registry holds credentials: set them on their own");
    }
    if (!"http".equals(uri.getScheme()) && !"https".equals(uri.getScheme())) {
      throw new IllegalArgumentException("not an http or https address: " + uri);
    }
  }

  /**
   * The id of a schema under a subject, registering it if it is new there.
   *
   * @throws InvalidRecordException if the registry refuses it, for example as incompatible
   * @throws RegistryUnavailableException if no server answers
   */
  int register(String subject, Schema schema) {
    Integer kept = get(ids, subject);
    if (kept != null) {
      return kept;
    }
    String path = "/subjects/" + URLEncoder.encode(subject, StandardCharsets.UTF_8) + "/versions";
    byte[] body =
        JSON.createObjectNode()
            .put("schema", schema.toString())
            .toString()
            .getBytes(StandardCharsets.UTF_8);
    Answer answer = ask(path, body);
    outage.over();
    if (answer.status() != 200 || !answer.body().path("id").isInt()) {
      throw InvalidRecordException.of(
          "the schema registry refuses the schema of subject %s: %s"
              .formatted(subject, answer.problem()));
    }
    int id = answer.body().path("id").intValue();
    put(ids, subject, id);
    return id;
  }

  /**
   * The schema with an id.
   *
   * @throws InvalidRecordException if the registry does not know it or refuses it, or it is not of
   *     a kind we read
   * @throws RegistryUnavailableException if no server answers, or none without other credentials
   */
  RegisteredSchema schema(int id) {
    RegisteredSchema kept = get(schemas, id);
    if (kept != null) {
      return kept;
    }
    Refused known = get(refused, id);
    if (known != null && nanoTime.getAsLong() - known.nanos() < UNKNOWN_FOR.toNanos()) {
      throw known.why();
    }
    try {
      RegisteredSchema schema = ask(id);
      put(schemas, id, schema);
      return schema;
    } catch (InvalidRecordException e) {
      put(refused, id, new Refused(e, nanoTime.getAsLong()));
      throw e;
    }
  }

  private RegisteredSchema ask(int id) {
    Answer answer = ask("/schemas/ids/" + id, null);
    if (answer.status() != 200 && !answer.isRefusal()) {
      throw outage.failed(
          "the schema registry does not give schema %d: %s".formatted(id, answer.problem()), null);
    }
    outage.over();
    if (answer.status() == 404) {
      throw InvalidRecordException.of("schema id %d is not in the schema registry".formatted(id));
    }
    if (answer.isRefusal()) {
      throw InvalidRecordException.of(
          "the schema registry refuses schema id %d: %s".formatted(id, answer.problem()));
    }
    return parse(id, answer.body());
  }

  private static RegisteredSchema parse(int id, JsonNode body) {
    String type = body.path("schemaType").asText("AVRO");
    if (type.equals("JSON")) {
      return RegisteredSchema.JSON;
    }
    if (!type.equals("AVRO") || body.path("references").size() > 0) {
      throw InvalidRecordException.of(
          "schema id %d is %s, only self-contained Avro and JSON are read"
              .formatted(id, type.equals("AVRO") ? "Avro with references" : type));
    }
    try {
      return new RegisteredSchema(
          RegisteredSchema.Type.AVRO, new Schema.Parser().parse(body.path("schema").asText()));
    } catch (AvroRuntimeException e) {
      throw InvalidRecordException.of(
          "schema id %d in the registry is not an Avro schema: %s".formatted(id, e.getMessage()),
          e);
    }
  }

  private Answer ask(String path, byte @Nullable [] body) {
    outage.check();
    String problem = "";
    IOException cause = null;
    for (URI registry : registries) {
      try {
        Answer answer = ask(registry, path, body);
        if (answer.status() != 429 && answer.status() < 500) {
          return answer;
        }
        problem = "schema registry " + registry + ": " + answer.problem();
      } catch (IOException e) {
        problem = "schema registry " + registry + " does not answer: " + e;
        cause = e;
      }
    }
    throw outage.failed(problem, cause);
  }

  private Answer ask(URI registry, String path, byte @Nullable [] body) throws IOException {
    String base = registry.toString().replaceAll("/+$", "");
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(timeout)
            .header("Accept", MEDIA_TYPE + ", application/json");
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    if (body != null) {
      request.header("Content-Type", MEDIA_TYPE).POST(BodyPublishers.ofByteArray(body));
    }
    HttpResponse<byte[]> response =
        await(http.sendAsync(request.build(), headers -> new LimitedBody(MAX_ANSWER_BYTES)));
    return new Answer(response.statusCode(), read(response));
  }

  /** The request's own timeout ends with the answer's headers; this one includes the body. */
  private <T> T await(CompletableFuture<T> answer) throws IOException {
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException("no whole answer within " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().toString(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      answer.cancel(true);
    }
  }

  private static JsonNode read(HttpResponse<byte[]> response) throws IOException {
    try {
      return JSON.readTree(response.body());
    } catch (JsonProcessingException e) {
      if (response.statusCode() == 200) {
        throw new IOException("an answer that is not JSON", e);
      }
      return JSON.missingNode();
    }
  }

  /** What a server said. */
  private record Answer(int status, JsonNode body) {

    /** Whether it is about what was asked for, and would be the same for ever. */
    boolean isRefusal() {
      return status >= 400 && status < 500 && status != 401 && status != 429;
    }

    String problem() {
      return "status %d %s".formatted(status, body.path("message").asText("")).strip();
    }
  }

  private static <K, V> Map<K, V> bounded() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > MAX_KEPT;
      }
    };
  }

  private static <K, V> @Nullable V get(Map<K, V> map, K key) {
    synchronized (map) {
      return map.get(key);
    }
  }

  private static <K, V> void put(Map<K, V> map, K key, V value) {
    synchronized (map) {
      map.put(key, value);
    }
  }
}
