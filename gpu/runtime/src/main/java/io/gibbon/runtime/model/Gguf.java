package io.gibbon.runtime.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A memory-mapped GGUF file, little-endian, version 2 or 3. Opening it checks everything that the
 * header says against the file's length, so that no later read can leave the file. Thread-safe.
 *
 * @param path where the file is
 * @param metadata the key-value part
 * @param tensors all tensors by name, in the file's order
 * @param bytes the whole file, read-only
 * @param arena owns the mapping
 */
record Gguf(
    Path path, Metadata metadata, Map<String, Tensor> tensors, MemorySegment bytes, Arena arena)
    implements AutoCloseable {

  /**
   * Maps and checks a file.
   *
   * @throws InvalidModelException if it is not a readable, consistent GGUF file
   */
  static Gguf open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment bytes = map(path, arena);
      GgufReader reader = new GgufReader(path, bytes);
      return new Gguf(path, reader.metadata(), reader.tensors(), bytes, arena);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static MemorySegment map(Path path, Arena arena) {
    if (Files.isDirectory(path)) {
      throw new InvalidModelException(path, "is a directory, not a GGUF file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (NoSuchFileException e) {
      throw new InvalidModelException(path, "no such file");
    } catch (IOException e) {
      throw new InvalidModelException(path, "cannot be read: " + e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
