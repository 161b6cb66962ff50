package io.gibbon.cli.command;

import io.gibbon.cli.config.GibbonConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where settings come from; shared by all commands that need any. */
final class ConfigOptions {

  @Mixin private LogOptions log = new LogOptions();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "Settings as properties or YAML. Default: $GIBBON_CONFIG, or gibbon/gibbon.properties below $XDG_CONFIG_HOME or ~/.config.")
  private @Nullable Path file;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Any setting; may be repeated. `gibbon config` lists them all.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Where everything is kept. Default: $XDG_DATA_HOME/gibbon or ~/.local/share/gibbon.")
  private @Nullable String data;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "default, a GGUF file, or hf:owner/repository/file.gguf.")
  private @Nullable String model;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description =
          "What computes: cpu, tornado (a GPU, by the TornadoVM SDK in $TORNADOVM_HOME), or auto.")
  private @Nullable String backend;

  /** Reads everything, with further flags of the command on top, and sets the log up. */
  GibbonConfig read(Map<String, ?> flags) {
    log.apply();
    Map<String, String> all = new HashMap<>(settings);
    put(all, "data", data);
    put(all, "model", model);
    put(all, "runtime.backend", backend);
    flags.forEach((key, value) -> put(all, key, value));
    return GibbonConfig.of(file(), System.getenv(), all);
  }

  /** Whether a model is given on the command line itself. */
  boolean namesModel() {
    return model != null;
  }

  /** Whether a setting is given on the command line itself. */
  boolean sets(String key) {
    return settings.containsKey(key);
  }

  GibbonConfig read() {
    return read(Map.of());
  }

  private static void put(Map<String, String> all, String key, @Nullable Object value) {
    if (value != null) {
      all.put(key, value.toString());
    }
  }

  private @Nullable Path file() {
    if (file != null) {
      return file;
    }
    String named = System.getenv("GIBBON_CONFIG");
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    String xdg = System.getenv("XDG_CONFIG_HOME");
    Path base =
        xdg == null || xdg.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".config")
            : Path.of(xdg);
    Path standard = base.resolve("gibbon").resolve("gibbon.properties");
    return Files.exists(standard) ? standard : null;
  }
}
