package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Documents in a directory here, with the broker that keeps them.
 *
 * @param config to run a server over them
 * @param name for people
 */
record LocalData(GibbonConfig config, String name) {

  private static final String STANDARD_MODEL = "default";

  /**
   * The user's own documents, else those that the demonstration left; none where an existing Kafka
   * is configured, since documents are there then.
   */
  static Optional<LocalData> find(GibbonConfig config) {
    if (!config.bootstrapServers().isEmpty()) {
      return Optional.empty();
    }
    if (exists(config)) {
      return Optional.of(own(config));
    }
    GibbonConfig demo = DemoCommand.ofItsOwn(config);
    return exists(demo)
        ? Optional.of(
            new LocalData(withLastModel(demo), "the documents of the demo, in " + demo.data()))
        : Optional.empty();
  }

  /** The user's own documents, of which there may be none yet. */
  static LocalData own(GibbonConfig config) {
    return new LocalData(withLastModel(config), config.data().toString());
  }

  private static boolean exists(GibbonConfig config) {
    return Files.isDirectory(config.data().resolve("broker"));
  }

  /** Another model would encode all documents again, so none is taken that nobody asked for. */
  private static GibbonConfig withLastModel(GibbonConfig config) {
    Path file = lastModel(config);
    if (!config.model().equals(STANDARD_MODEL) || !Files.exists(file)) {
      return config;
    }
    try {
      return config.with(Map.of("model", Files.readString(file).strip()));
    } catch (IOException e) {
      throw new UserException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** Remembers the model that runs over the data of a configuration. */
  static void noteModel(GibbonConfig config) {
    Path local = Path.of(config.model());
    String name = Files.exists(local) ? local.toAbsolutePath().toString() : config.model();
    try {
      Files.writeString(lastModel(config), name + "\n");
    } catch (IOException e) {
      throw new UserException(
          "%s cannot be written: %s".formatted(config.data(), e.getMessage()), e);
    }
  }

  private static Path lastModel(GibbonConfig config) {
    return config.data().resolve("model");
  }
}
