package io.gibbon.runtime;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The default model for tests that need real weights. */
public final class DefaultModel {

  private DefaultModel() {}

  /** Where the file is; the calling test is skipped, with the reason, if it cannot be had. */
  public static Path path() {
    Path path =
        Path.of(
            System.getProperty("user.home"),
            ".cache/gibbon/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    Assumptions.assumeTrue(Files.exists(path), "the default model is not in " + path);
    return path;
  }
}
