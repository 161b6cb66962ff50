package io.gibbon.server;

import static io.gibbon.runtime.GenerationTask.GREATEST_FACTOR;
import static io.gibbon.runtime.GenerationTask.LEAST_FACTOR;

import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.rank.Selection;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything that can be set about the server. {@link #of} reads it from keys and text; each key is
 * the component's name with dashes, such as {@code max-body-bytes}. Durations are ISO 8601 ({@code
 * PT30S}) or a number of milliseconds; lists are separated by commas. Keys that begin with {@code
 * kafka.} go to Kafka's clients as they are ({@code kafka.bootstrap.servers}).
 *
 * @param host {@code 127.0.0.1}; address to listen on
 * @param port {@code 8080}; 0 picks a free one
 * @param apiKeys none; keys of which clients must send one as bearer token, all paths but health
 *     checks
 * @param corsOrigins none; origins whose pages may call the API, {@code *} for all
 * @param maxBodyBytes {@code 4194304}; the largest request body
 * @param maxDocumentBytes {@code 921600}; the largest document, encoded as Avro: the topology's own
 *     limit, so that nothing is acknowledged that it refuses
 * @param maxRequests {@code 256}; answers under way at once, over all doors
 * @param maxWaits {@code 256}; writes of documents and waits for them under way at once
 * @param maxQueuedEvents {@code 1024}; events that wait for a slow client before its answer is
 *     cancelled
 * @param requestTimeout {@code PT5M}; the longest that one answer may take
 * @param waitLimit {@code PT30S}; the longest that a request waits for a document to be encoded
 * @param defaultCollection {@code default}; searched for chats that name no collection
 * @param topK {@code 2}; the most contexts that an answer draws on where nothing is selected,
 *     unless a request says otherwise
 * @param selection {@code attention}; what chooses among proposed contexts, unless a request says
 *     otherwise: {@code none}, {@code likelihood} or {@code attention}, which is likelihood until
 *     the profile is calibrated
 * @param candidates {@code 32}; contexts that a search proposes where something is selected
 * @param keep {@code 1}; what a selection keeps, unless a request says otherwise: how many
 *     contexts, or below 1 as many as it takes to have that much of the probability
 * @param hops {@code 1}; 2 chooses all contexts kept but the best one by what the question is about
 *     behind that one, unless a request says otherwise: needs {@code selection} attention and
 *     {@code keep} of at least 2
 * @param combine {@code ape}; how the contexts kept are combined, unless a request says otherwise:
 *     {@code ape}, or {@code sequential}, which encodes each behind those before it
 * @param sequentialTokens {@code 1024}; the most tokens of contexts that are read in order; longer
 *     ones are combined by APE
 * @param attentionTemperature {@code 0.8}; APE's T over several contexts, unless the profile is
 *     calibrated or a request says otherwise
 * @param scalingFactor {@code 1.0}; APE's S over several contexts, unless the profile is calibrated
 *     or a request says otherwise
 * @param temperature {@code 0}; of sampling, unless a request says otherwise: small models answer
 *     best from documents when they do not guess
 * @param maxTokens {@code 256}; the most tokens of an answer, unless a request says otherwise
 * @param documentsTopic {@code documents}; PUT and DELETE write to it
 * @param requestsTopic {@code generation-requests}; questions over Kafka
 * @param eventsTopic {@code generation-events}; their answers
 * @param deadLettersTopic {@code dead-letters}; questions that cannot be read
 * @param partitions {@code 4}; of the topics of questions, answers and dead letters where they are
 *     created
 * @param replication {@code -1}, the broker's default; of the same topics
 * @param retention {@code P7D}; of the same topics
 * @param requestsGroup {@code gibbon-generation}; consumer group that answers questions over Kafka
 * @param requestsAtOnce {@code 16}; questions over Kafka that this instance answers at once
 * @param kafka settings of Kafka's clients; without {@code bootstrap.servers} documents cannot be
 *     written and nothing is answered over Kafka
 */
public record ServerConfig(
    String host,
    int port,
    List<String> apiKeys,
    List<String> corsOrigins,
    int maxBodyBytes,
    int maxDocumentBytes,
    int maxRequests,
    int maxWaits,
    int maxQueuedEvents,
    Duration requestTimeout,
    Duration waitLimit,
    String defaultCollection,
    int topK,
    Selection selection,
    int candidates,
    double keep,
    int hops,
    Combination combine,
    int sequentialTokens,
    double attentionTemperature,
    double scalingFactor,
    double temperature,
    int maxTokens,
    String documentsTopic,
    String requestsTopic,
    String eventsTopic,
    String deadLettersTopic,
    int partitions,
    int replication,
    Duration retention,
    String requestsGroup,
    int requestsAtOnce,
    Map<String, String> kafka) {

  private static final String KAFKA = "kafka.";

  /**
   * Checks every setting.
   *
   * @throws IllegalArgumentException naming the setting and its limits
   */
  public ServerConfig {
    apiKeys = List.copyOf(apiKeys);
    corsOrigins = List.copyOf(corsOrigins);
    kafka = Map.copyOf(kafka);
    within("port", port, 0, 65_535);
    within("max-body-bytes", maxBodyBytes, 1024, 1 << 30);
    within("max-document-bytes", maxDocumentBytes, 1024, 1 << 30);
    within("max-requests", maxRequests, 1, 1_000_000);
    within("max-waits", maxWaits, 1, 1_000_000);
    within("max-queued-events", maxQueuedEvents, 1, 1_000_000);
    within("request-timeout", requestTimeout.toMillis(), 1, Duration.ofDays(1).toMillis());
    within("wait-limit", waitLimit.toMillis(), 1, Duration.ofHours(1).toMillis());
    within("top-k", topK, 0, 1000);
    within("candidates", candidates, 1, 1000);
    within("keep", keep, 0.01, 1000);
    within("hops", hops, 1, 2);
    if (hops > 1 && (selection != Selection.ATTENTION || keep < 2)) {
      throw new IllegalArgumentException("hops 2 needs selection attention and keep of at least 2");
    }
    within("sequential-tokens", sequentialTokens, 1, 1_000_000);
    within("attention-temperature", attentionTemperature, LEAST_FACTOR, GREATEST_FACTOR);
    within("scaling-factor", scalingFactor, LEAST_FACTOR, GREATEST_FACTOR);
    within("temperature", temperature, 0, 2);
    within("max-tokens", maxTokens, 1, 1_000_000);
    within("partitions", partitions, 1, 10_000);
    within("replication", replication, -1, 100);
    within("retention", retention.toMillis(), 1, Long.MAX_VALUE);
    within("requests-at-once", requestsAtOnce, 1, 10_000);
  }

  /** All defaults. */
  public static ServerConfig defaults() {
    return of(Map.of());
  }

  /**
   * Reads settings; what is not set has its default.
   *
   * @throws IllegalArgumentException naming a key that is not known and the nearest one that is, or
   *     a value that does not fit
   */
  public static ServerConfig of(Map<String, String> settings) {
    Settings in = new Settings(settings, KAFKA);
    ServerConfig config =
        new ServerConfig(
            in.text("host", "127.0.0.1"),
            in.integer("port", 8080),
            in.list("api-keys"),
            in.list("cors-origins"),
            in.integer("max-body-bytes", 4 << 20),
            in.integer("max-document-bytes", 921_600),
            in.integer("max-requests", 256),
            in.integer("max-waits", 256),
            in.integer("max-queued-events", 1024),
            in.duration("request-timeout", Duration.ofMinutes(5)),
            in.duration("wait-limit", Duration.ofSeconds(30)),
            in.text("default-collection", "default"),
            in.integer("top-k", 2),
            in.choice("selection", Selection.class, Selection.ATTENTION),
            in.integer("candidates", 32),
            in.number("keep", 1),
            in.integer("hops", 1),
            in.choice("combine", Combination.class, Combination.APE),
            in.integer("sequential-tokens", 1024),
            in.number("attention-temperature", 0.8),
            in.number("scaling-factor", 1.0),
            in.number("temperature", 0),
            in.integer("max-tokens", 256),
            in.text("documents-topic", "documents"),
            in.text("requests-topic", "generation-requests"),
            in.text("events-topic", "generation-events"),
            in.text("dead-letters-topic", "dead-letters"),
            in.integer("partitions", 4),
            in.integer("replication", -1),
            in.duration("retention", Duration.ofDays(7)),
            in.text("requests-group", "gibbon-generation"),
            in.integer("requests-at-once", 16),
            in.prefixed());
    in.refuseUnknown();
    return config;
  }

  /** Whether Kafka can be reached. */
  public boolean hasKafka() {
    return kafka.containsKey("bootstrap.servers");
  }

  /** Settings of a Kafka client: those configured, over what the caller needs. */
  public Map<String, Object> kafkaClient(Map<String, Object> own) {
    Map<String, Object> all = new HashMap<>(kafka);
    all.putAll(own);
    return all;
  }

  /** Names it, and shows nothing that may be secret. */
  @Override
  public String toString() {
    return "ServerConfig[host=%s, port=%d]".formatted(host, port);
  }

  private static void within(String key, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(
          "%s must be between %s and %s, not %s"
              .formatted(key, text(least), text(most), text(value)));
    }
  }

  private static String text(double number) {
    return number == Math.rint(number) ? "%.0f".formatted(number) : Double.toString(number);
  }
}
