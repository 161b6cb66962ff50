package io.gibbon.topology.internals.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.Utils;

/** The files of a state directory as a kill would leave them, without the locks. */
record CopiedState(Path path) implements AutoCloseable {

  static CopiedState of(Path original) throws IOException {
    Path copy = Files.createTempDirectory("copied-state");
    try (Stream<Path> files = Files.walk(original)) {
      for (Path file : files.toList()) {
        Path target = copy.resolve(original.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (!file.endsWith("LOCK") && !file.endsWith("write.lock")) {
          Files.copy(file, target);
        }
      }
    }
    return new CopiedState(copy);
  }

  @Override
  public void close() throws IOException {
    Utils.delete(path.toFile());
  }
}
