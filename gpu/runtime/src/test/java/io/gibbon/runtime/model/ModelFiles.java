package io.gibbon.runtime.model;

import java.nio.file.Path;

/** Looks into model files that need not be whole. */
public final class ModelFiles {

  private ModelFiles() {}

  /** The metadata of a GGUF file, which stays mapped. */
  public static Metadata metadata(Path path) {
    return Gguf.open(path).metadata();
  }
}
