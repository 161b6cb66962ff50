package io.gibbon.runtime.download;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What people call a model. */
public sealed interface ModelName {

  /** The default model, {@code default}. */
  String DEFAULT = "default";

  /** The default model. */
  record Default() implements ModelName {}

  /** A GGUF file on this machine. */
  record Local(Path path) implements ModelName {}

  /** A GGUF file on a model hub: {@code hf:owner/repo/file.gguf}. */
  record Hub(String owner, String repo, String file) implements ModelName {}

  /**
   * Reads a name.
   *
   * @throws IllegalArgumentException if it is none of the three
   */
  static ModelName parse(String name) {
    if (name.equals(DEFAULT)) {
      return new Default();
    }
    if (name.startsWith("hf:")) {
      return parseHub(name);
    }
    if (name.endsWith(".gguf")) {
      return new Local(Path.of(name));
    }
    throw new IllegalArgumentException(
        "model: \"%s\" is neither \"default\" nor a path to a .gguf file nor hf:owner/repo/file.gguf"
            .formatted(name));
  }

  private static ModelName parseHub(String name) {
    String word = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}";
    Matcher matcher =
        Pattern.compile("hf:(%1$s)/(%1$s)/((?:%1$s/){0,4}%1$s\\.gguf)".formatted(word))
            .matcher(name);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "model: \"%s\" must look like hf:owner/repo/file.gguf".formatted(name));
    }
    return new Hub(matcher.group(1), matcher.group(2), matcher.group(3));
  }
}
