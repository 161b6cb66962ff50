package io.gibbon.cli;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Keeps a second process off a data directory; goes with the process, however that ends. */
final class DataLock implements AutoCloseable {

  private final FileChannel channel;

  private DataLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @throws UserException if another process has it, or the directory cannot be written
   */
  static DataLock take(Path data) {
    Path file = data.resolve("gibbon.lock");
    try {
      Files.createDirectories(data);
      FileChannel channel = FileChannel.open(file, CREATE, WRITE);
      if (isTaken(channel)) {
        channel.close();
        throw new UserException(
            "%s is in use by another Gibbon: stop it, choose another directory with --data, or name its server with --url"
                .formatted(data));
      }
      return new DataLock(channel);
    } catch (IOException e) {
      throw new UserException("%s cannot be written: %s".formatted(data, e.getMessage()), e);
    }
  }

  private static boolean isTaken(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() == null;
    } catch (OverlappingFileLockException e) {
      return true;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
