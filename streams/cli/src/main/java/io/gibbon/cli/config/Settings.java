package io.gibbon.cli.config;

import static org.apache.kafka.common.config.ConfigDef.Importance.HIGH;
import static org.apache.kafka.common.config.ConfigDef.Importance.LOW;
import static org.apache.kafka.common.config.ConfigDef.Importance.MEDIUM;
import static org.apache.kafka.common.config.ConfigDef.Range.atLeast;
import static org.apache.kafka.common.config.ConfigDef.Range.between;

import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.chat.PromptFormat;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * Every key: its type, default and meaning. Keys that begin with {@value #KAFKA} go to Kafka's
 * clients as they are.
 */
final class Settings {

  static final String KAFKA = "kafka.";
  static final String TOPOLOGY = "topology.";
  static final String SERVER = "server.";

  /** Environment variables that look like settings and are read elsewhere. */
  static final Set<String> LAUNCHER_VARIABLES =
      Set.of("GIBBON_API_KEY", "GIBBON_CONFIG", "GIBBON_JAVA_OPTS");

  static final ConfigDef DEFINITIONS = definitions();

  private Settings() {}

  /** Whether a key means something. */
  static boolean isKnown(String key) {
    return DEFINITIONS.configKeys().containsKey(key)
        || (key.startsWith(KAFKA) && key.length() > KAFKA.length());
  }

  /** All keys but Kafka's. */
  static Set<String> keys() {
    return DEFINITIONS.names();
  }

  private static ConfigDef definitions() {
    ConfigDef def = new ConfigDef();
    general(def);
    runtime(def);
    prompt(def);
    topology(def);
    server(def);
    return def;
  }

  private static void general(ConfigDef def) {
    def.define(
            "data",
            Type.STRING,
            "",
            HIGH,
            "Directory of everything kept: the embedded broker and the state stores."
                + " Empty: $XDG_DATA_HOME/gibbon or ~/.local/share/gibbon.")
        .define(
            "model",
            Type.STRING,
            "default",
            HIGH,
            "The model: default, a GGUF file, or hf:owner/repository/file.gguf.")
        .define(
            "broker.port",
            Type.INT,
            9092,
            between(0, 65535),
            MEDIUM,
            "Port of the embedded broker; 0 for any free one.")
        .define(
            "kafka.bootstrap.servers",
            Type.STRING,
            "",
            HIGH,
            "An existing Kafka, host:port,...; empty for the embedded broker."
                + " Any other key that begins with kafka. goes to Kafka's clients as it is.");
  }

  private static void runtime(ConfigDef def) {
    def.define(
            "runtime.backend",
            Type.STRING,
            RuntimeConfig.AUTO,
            MEDIUM,
            "What computes: auto for the best that runs here, or a backend's name, such as cpu.")
        .define(
            "runtime.threads",
            Type.INT,
            0,
            between(0, RuntimeConfig.MOST_THREADS),
            MEDIUM,
            "Compute threads; 0 for as many as the machine has processors.")
        .define(
            "runtime.kv-format",
            Type.STRING,
            "i8",
            ConfigDef.CaseInsensitiveValidString.in("f16", "f32", "i8"),
            LOW,
            "How contexts' keys and values are stored: i8 (codes of 8 bits with scales, 1.08 bytes a"
                + " number), f16 or f32. Changing it encodes every document again.")
        .define(
            "runtime.context-tokens",
            Type.INT,
            RuntimeConfig.DEFAULT_CONTEXT_TOKENS,
            between(RuntimeConfig.FEWEST_CONTEXT_TOKENS, RuntimeConfig.MOST_CONTEXT_TOKENS),
            MEDIUM,
            "The most tokens of one context. Changing it makes stored states useless.")
        .define(
            "runtime.max-sequences",
            Type.INT,
            RuntimeConfig.DEFAULT_MAX_SEQUENCES,
            between(1, RuntimeConfig.MOST_SEQUENCES),
            MEDIUM,
            "Answers that are computed at once.")
        .define(
            "runtime.queue-limit",
            Type.INT,
            RuntimeConfig.DEFAULT_QUEUE_LIMIT,
            between(0, RuntimeConfig.MOST_WAITING),
            LOW,
            "Answers that may wait for their turn.")
        .define(
            "runtime.kv-budget-bytes",
            Type.LONG,
            RuntimeConfig.DEFAULT_KV_BUDGET_BYTES,
            atLeast(1L << 20),
            MEDIUM,
            "The most bytes of KV states of running answers and cached contexts together.")
        .define(
            "runtime.encode-ahead-bytes",
            Type.LONG,
            RuntimeConfig.DEFAULT_ENCODE_AHEAD_BYTES,
            atLeast(1),
            LOW,
            "The most bytes of encoded contexts of one document that wait to be collected.");
  }

  private static void prompt(ConfigDef def) {
    prompt(
        def,
        "prompt.system",
        PromptFormat.DEFAULT.system(),
        "The system message in front of everything. Changing it encodes every document again.");
    prompt(
        def,
        "prompt.context",
        PromptFormat.DEFAULT.context(),
        "How one context reads; has {title} and {text}. Changing it encodes every document again.");
    prompt(
        def,
        "prompt.question",
        PromptFormat.DEFAULT.question(),
        "How a question about documents reads; has {question}. Can change at any time.");
  }

  private static void prompt(ConfigDef def, String key, String value, String doc) {
    def.define(key, Type.STRING, escaped(value), MEDIUM, doc + " \\n is a new line.");
  }

  /** Text as one line. */
  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\n", "\\n");
  }

  /** What {@link #escaped} was given. */
  static String unescaped(String line) {
    return line.translateEscapes();
  }

  private static void topology(ConfigDef def) {
    text(
        def,
        "application-id",
        "gibbon",
        "Prefix of internal topics and name of the consumer group.");
    text(def, "documents-topic", "documents", "Topic that documents are read from.");
    text(
        def,
        "context-events-topic",
        "context-events",
        "Topic that tells what became of documents.");
    text(
        def,
        "dead-letters-topic",
        "dead-letters",
        "Topic of records that were refused, with the reason in headers.");
    text(
        def,
        "partitions",
        "4",
        "Partitions of topics that are created. Those of internal ones cannot be changed later.");
    text(
        def,
        "replication",
        "-1",
        "Replicas of topics that are created; -1 for the broker's default.");
    text(
        def, "retention", "P7D", "How long the topics above keep records, where they are created.");
    text(
        def,
        "durability",
        "changelog",
        "What happens when an instance loses its disk: changelog restores KV states, rebuild encodes again.");
    text(def, "deletion-retention", "P7D", "How long a deletion keeps late older records away.");
    text(
        def, "max-compaction-lag", "P1D", "After this a deleted text is gone from changelogs too.");
    text(def, "max-future-skew", "PT1H", "Records with timestamps further ahead are refused.");
    text(def, "attempts", "3", "Errors after which a document is given up.");
    text(
        def,
        "interruptions",
        "3",
        "Attempts cut off while no other document was in the encoder after which one is given up.");
    text(def, "max-document-bytes", "921600", "The largest document, encoded as Avro.");
    text(def, "punctuation", "PT0.05S", "How often finished contexts are written.");
    text(def, "write-bytes", "8388608", "The most KV bytes that one partition writes at a time.");
    text(def, "in-flight-documents", "16", "Documents of one partition in the encoder at once.");
    text(
        def, "pending-documents", "10000", "Waiting documents at which a partition stops reading.");
    text(
        def,
        "pending-bytes",
        "67108864",
        "Bytes of waiting documents at which a partition stops reading.");
    text(
        def,
        "min-free-disk",
        "268435456",
        "Free bytes of the state disk below which reading and encoding stop.");
    text(
        def,
        "store-memory",
        "134217728",
        "Bytes of RocksDB's caches and write buffers, for all stores together.");
    text(def, "stream-threads", "1", "Stream threads; they only move bytes.");
    text(
        def,
        "standby-replicas",
        "0",
        "Further instances that keep a copy of each partition's state.");
    text(
        def,
        "group-instance-id",
        "",
        "A name that this instance keeps over restarts (static membership).");
    text(
        def,
        "schema-registry-urls",
        "",
        "Addresses of a schema registry's servers, separated by commas, tried in this order.");
    text(def, "schema-registry-credentials", "", "user:password for the schema registry.");
    text(
        def,
        "schema-registry-timeout",
        "PT10S",
        "The longest that one server of the schema registry may take.");
  }

  private static void text(ConfigDef def, String key, String value, String doc) {
    def.define(TOPOLOGY + key, Type.STRING, value, LOW, doc);
  }

  private static void server(ConfigDef def) {
    def.define(
            "server.host",
            Type.STRING,
            "127.0.0.1",
            HIGH,
            "Address that the HTTP server listens on.")
        .define(
            "server.port",
            Type.INT,
            8080,
            between(0, 65535),
            HIGH,
            "Port of the HTTP server; 0 for any free one.");
    server(
        def,
        "api-keys",
        "",
        "Keys, of which clients must send one as bearer token; separated by commas.");
    server(
        def,
        "cors-origins",
        "",
        "Origins whose pages may call the API, separated by commas; * for all.");
    server(def, "max-body-bytes", "4194304", "The largest request body.");
    server(def, "max-requests", "256", "Answers under way at once, over HTTP and Kafka together.");
    server(def, "max-waits", "256", "Writes of documents and waits for them under way at once.");
    server(
        def,
        "max-queued-events",
        "1024",
        "Events that wait for a slow client before its answer is cancelled.");
    server(def, "request-timeout", "PT5M", "The longest that one answer may take.");
    server(
        def,
        "wait-limit",
        "PT30S",
        "The longest that a request waits for a document to be encoded.");
    server(def, "default-collection", "default", "Searched for chats that name no collection.");
    server(
        def,
        "top-k",
        "2",
        "The most contexts that an answer draws on where nothing is selected, unless a request says"
            + " otherwise.");
    server(
        def,
        "selection",
        "attention",
        "What chooses among proposed contexts: none, likelihood or attention (likelihood until the"
            + " model is calibrated).");
    server(def, "candidates", "32", "Contexts that a search proposes where something is selected.");
    server(
        def,
        "keep",
        "1",
        "What a selection keeps: how many contexts, or below 1 as many as it takes to have that much"
            + " of the probability.");
    server(
        def,
        "hops",
        "1",
        "2 chooses all contexts kept but the best one by what the question is about behind that one;"
            + " needs selection attention and keep of at least 2.");
    server(
        def,
        "combine",
        "ape",
        "How the contexts kept are combined: ape attends to them as they are stored, sequential"
            + " encodes each again behind those before it.");
    server(
        def,
        "sequential-tokens",
        "1024",
        "The most tokens of contexts that are read in order; longer ones are combined by APE.");
    server(
        def,
        "attention-temperature",
        "0.8",
        "APE's T over several contexts, unless the model is calibrated or a request says otherwise.");
    server(
        def,
        "scaling-factor",
        "1.0",
        "APE's S over several contexts, unless the model is calibrated or a request says otherwise.");
    server(def, "temperature", "0", "Of sampling, unless a request says otherwise.");
    server(
        def, "max-tokens", "256", "The most tokens of an answer, unless a request says otherwise.");
    server(def, "requests-topic", "generation-requests", "Topic of questions over Kafka.");
    server(def, "events-topic", "generation-events", "Topic of answers over Kafka.");
    server(
        def,
        "requests-group",
        "gibbon-generation",
        "Consumer group that answers questions over Kafka.");
    server(
        def, "requests-at-once", "16", "Questions over Kafka that this instance answers at once.");
  }

  private static void server(ConfigDef def, String key, String value, String doc) {
    def.define(SERVER + key, Type.STRING, value, LOW, doc);
  }
}
