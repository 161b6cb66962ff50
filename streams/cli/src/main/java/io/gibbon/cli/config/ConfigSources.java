package io.gibbon.cli.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Puts file, environment and flags together, later ones over earlier ones, and refuses keys that do
 * not exist.
 */
final class ConfigSources {

  private static final String ENVIRONMENT = "GIBBON_";
  private static final String KAFKA_ENVIRONMENT = ENVIRONMENT + "KAFKA_";

  private ConfigSources() {}

  /**
   * Merges the sources.
   *
   * @param file a properties or YAML file, or null
   * @param environment variables; those that begin with {@code GIBBON_} count
   * @param flags key to value
   */
  static Map<String, String> merge(
      @Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
    Map<String, String> merged = new HashMap<>();
    if (file != null) {
      merged.putAll(known(read(file), file.toString()));
    }
    merged.putAll(fromEnvironment(environment));
    merged.putAll(known(flags, "the command line"));
    return merged;
  }

  private static Map<String, String> known(Map<String, String> values, String source) {
    for (String key : values.keySet()) {
      if (!Settings.isKnown(key)) {
        throw new InvalidConfigException(
            "%s: there is no setting %s; did you mean %s? `gibbon config` lists all"
                .formatted(source, key, NearestName.of(key, Settings.keys())));
      }
    }
    return values;
  }

  private static Map<String, String> fromEnvironment(Map<String, String> environment) {
    Map<String, String> keys = new HashMap<>();
    Settings.keys().forEach(key -> keys.put(variable(key), key));
    Settings.LAUNCHER_VARIABLES.forEach(name -> keys.put(name, ""));
    Map<String, String> values = new HashMap<>();
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(KAFKA_ENVIRONMENT)) {
            String key = name.substring(ENVIRONMENT.length());
            values.put(key.toLowerCase(Locale.ROOT).replace('_', '.'), value);
          } else if (name.startsWith(ENVIRONMENT)) {
            String key = keys.get(name);
            if (key == null) {
              throw new InvalidConfigException(
                  "environment: there is no setting %s; did you mean %s?"
                      .formatted(name, NearestName.of(name, keys.keySet())));
            }
            if (!key.isEmpty()) {
              values.put(key, value);
            }
          }
        });
    return values;
  }

  /** The environment variable of a key. */
  static String variable(String key) {
    return ENVIRONMENT + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  private static Map<String, String> read(Path file) {
    String name = file.toString();
    try {
      return name.endsWith(".yaml") || name.endsWith(".yml") ? yaml(file) : properties(file);
    } catch (NoSuchFileException e) {
      throw new InvalidConfigException("there is no configuration file " + file, e);
    } catch (JacksonException e) {
      // The exception's own message quotes the line, which may hold a password.
      throw new InvalidConfigException(
          "%s, line %d: this is not YAML".formatted(file, e.getLocation().getLineNr()), e);
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    } catch (IOException e) {
      throw new InvalidConfigException("%s cannot be read: %s".formatted(file, e), e);
    }
  }

  private static Map<String, String> properties(Path file) throws IOException {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    Map<String, String> values = new HashMap<>();
    properties
        .stringPropertyNames()
        .forEach(key -> values.put(key, properties.getProperty(key).strip()));
    return values;
  }

  private static Map<String, String> yaml(Path file) throws IOException {
    Map<String, String> values = new HashMap<>();
    try (Reader reader = Files.newBufferedReader(file)) {
      JsonNode root = new YAMLMapper().readTree(reader);
      if (!root.isMissingNode() && !root.isNull()) {
        flatten("", root, values);
      }
    }
    return values;
  }

  private static void flatten(String path, JsonNode node, Map<String, String> values) {
    if (node.isObject()) {
      node.properties()
          .forEach(
              entry ->
                  flatten(
                      path.isEmpty() ? entry.getKey() : path + "." + entry.getKey(),
                      entry.getValue(),
                      values));
    } else if (node.isValueNode() && !path.isEmpty()) {
      values.put(path, node.asText());
    } else {
      throw new IllegalArgumentException(
          "%s is not a key with a value".formatted(path.isEmpty() ? "the file" : path));
    }
  }
}
