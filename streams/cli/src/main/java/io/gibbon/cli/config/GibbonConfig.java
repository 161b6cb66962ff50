package io.gibbon.cli.config;

import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.chat.PromptFormat;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.server.ServerConfig;
import io.gibbon.topology.TopologyConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be set, checked. File, environment ({@code GIBBON_SERVER_PORT} for {@code
 * server.port}) and flags, each over the one before.
 *
 * @param data directory of everything kept
 * @param model what the user named: {@code default}, a path or {@code hf:...}
 * @param brokerPort port of the embedded broker
 * @param topology of the Kafka Streams application; its {@code kafka} map lacks {@code
 *     bootstrap.servers} when the embedded broker is meant
 * @param server of the HTTP server and of questions over Kafka; the same holds for its {@code
 *     kafka} map
 * @param values every key and its text, defaults included
 */
public record GibbonConfig(
    Path data,
    String model,
    int brokerPort,
    TopologyConfig topology,
    ServerConfig server,
    Map<String, Object> values) {

  /**
   * A key as `gibbon config` prints it.
   *
   * @param key in files and after {@code --set}
   * @param variable in the environment
   * @param value set or default; of a secret only that it is set
   * @param standard the default
   * @param doc what it means
   */
  public record Entry(String key, String variable, String value, String standard, String doc) {

    /** Whether the value is a secret that is set, so that {@link #value} only says so. */
    public boolean hidden() {
      return value.equals(Secrets.HIDDEN);
    }
  }

  /**
   * Reads and checks the configuration.
   *
   * @param file properties or YAML, or null
   * @param environment the process's environment
   * @param flags key to value
   * @throws InvalidConfigException naming key and limit
   */
  public static GibbonConfig of(
      @Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
    Map<String, String> merged = ConfigSources.merge(file, environment, flags);
    try {
      return of(merged, environment);
    } catch (ConfigException | IllegalArgumentException e) {
      throw new InvalidConfigException(e.getMessage(), e);
    }
  }

  private static GibbonConfig of(Map<String, String> merged, Map<String, String> environment) {
    Map<String, Object> values = Settings.DEFINITIONS.parse(merged);
    merged.forEach(
        (key, value) -> {
          if (key.startsWith(Settings.KAFKA)) {
            values.put(key, value);
          }
        });
    Path data = data((String) values.get("data"), environment);
    TopologyConfig topology = topology(values, data);
    GibbonConfig config =
        new GibbonConfig(
            data,
            (String) values.get("model"),
            (Integer) values.get("broker.port"),
            topology,
            server(values, topology),
            values);
    config.runtime(Path.of("checked-before-the-model-is-fetched.gguf"));
    return config;
  }

  private static Path data(String value, Map<String, String> environment) {
    if (!value.isEmpty()) {
      return Path.of(value).toAbsolutePath().normalize();
    }
    String xdg = environment.getOrDefault("XDG_DATA_HOME", "");
    Path base =
        xdg.isEmpty() ? Path.of(System.getProperty("user.home"), ".local", "share") : Path.of(xdg);
    return base.resolve("gibbon").toAbsolutePath().normalize();
  }

  private static TopologyConfig topology(Map<String, Object> values, Path data) {
    Map<String, String> settings = section(values, Settings.TOPOLOGY);
    settings.put("state-dir", data.resolve("state").toString());
    return naming(Settings.TOPOLOGY, () -> TopologyConfig.of(settings));
  }

  private static ServerConfig server(Map<String, Object> values, TopologyConfig topology) {
    Map<String, String> settings = section(values, Settings.SERVER);
    settings.put("max-document-bytes", Integer.toString(topology.maxDocumentBytes()));
    settings.put("documents-topic", topology.documentsTopic());
    settings.put("dead-letters-topic", topology.deadLettersTopic());
    settings.put("partitions", Integer.toString(topology.partitions()));
    settings.put("replication", Integer.toString(topology.replication()));
    settings.put("retention", topology.retention().toString());
    return naming(Settings.SERVER, () -> ServerConfig.of(settings));
  }

  /** The settings of one module without their prefix, and Kafka's. */
  private static Map<String, String> section(Map<String, Object> values, String prefix) {
    Map<String, String> settings = new HashMap<>();
    values.forEach(
        (key, value) -> {
          String text = value.toString();
          if (key.startsWith(prefix) && !text.isEmpty()) {
            settings.put(key.substring(prefix.length()), text);
          } else if (key.startsWith(Settings.KAFKA) && !text.isEmpty()) {
            settings.put(key, text);
          }
        });
    return settings;
  }

  /** The modules name keys as they know them. */
  private static <T> T naming(String prefix, Supplier<T> read) {
    try {
      return read.get();
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigException(prefix + e.getMessage(), e);
    }
  }

  /** How to run a model file that is at hand. */
  public RuntimeConfig runtime(Path modelFile) {
    RuntimeConfig.Builder builder =
        RuntimeConfig.builder(modelFile)
            .backend((String) values.get("runtime.backend"))
            .kvFormat(
                KvFormat.valueOf(
                    ((String) values.get("runtime.kv-format")).toUpperCase(Locale.ROOT)))
            .contextTokens((Integer) values.get("runtime.context-tokens"))
            .maxSequences((Integer) values.get("runtime.max-sequences"))
            .queueLimit((Integer) values.get("runtime.queue-limit"))
            .kvBudgetBytes((Long) values.get("runtime.kv-budget-bytes"))
            .encodeAheadBytes((Long) values.get("runtime.encode-ahead-bytes"))
            .promptFormat(
                new PromptFormat(
                    prompt("prompt.system"), prompt("prompt.context"), prompt("prompt.question")));
    int threads = (Integer) values.get("runtime.threads");
    return (threads == 0 ? builder : builder.threads(threads)).build();
  }

  private String prompt(String key) {
    try {
      return Settings.unescaped((String) values.get(key));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
  }

  /** The existing Kafka's address, or empty for the embedded broker. */
  public String bootstrapServers() {
    return (String) values.get("kafka.bootstrap.servers");
  }

  /** This configuration with some keys set otherwise. */
  public GibbonConfig with(Map<String, String> changes) {
    Map<String, String> texts = texts();
    texts.putAll(changes);
    return of(texts, Map.of());
  }

  /**
   * This configuration with nothing of an existing Kafka, and with a door open to local clients.
   */
  public GibbonConfig isolated() {
    Map<String, String> texts = texts();
    texts.keySet().removeIf(key -> key.startsWith(Settings.KAFKA));
    texts.remove("server.api-keys");
    return of(texts, Map.of());
  }

  private Map<String, String> texts() {
    Map<String, String> texts = new HashMap<>();
    values.forEach((key, value) -> texts.put(key, value.toString()));
    texts.put("data", data.toString());
    return texts;
  }

  /**
   * Every key in the order of its section, with the value it has here; then those that go to
   * Kafka's clients as they are.
   */
  public List<Entry> entries() {
    Map<String, ConfigDef.ConfigKey> keys = Settings.DEFINITIONS.configKeys();
    Stream<Entry> ours =
        keys.values().stream()
            .map(key -> entry(key.name, String.valueOf(key.defaultValue), key.documentation));
    Stream<Entry> kafkas =
        values.keySet().stream()
            .filter(key -> !keys.containsKey(key))
            .sorted()
            .map(key -> entry(key, "", "Goes to Kafka's clients as it is."));
    return Stream.concat(ours, kafkas).toList();
  }

  private Entry entry(String key, String standard, String doc) {
    String value = Secrets.hide(key, String.valueOf(values.get(key)));
    return new Entry(key, ConfigSources.variable(key), value, standard, doc);
  }

  /** Names it, and shows nothing that may be secret. */
  @Override
  public String toString() {
    return "GibbonConfig[data=%s, model=%s]".formatted(data, model);
  }
}
