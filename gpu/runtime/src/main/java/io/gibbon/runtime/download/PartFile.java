package io.gibbon.runtime.download;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/**
 * A file in the making: {@code NAME.part} until it is whole, checked and on disk, then {@code
 * NAME}. Used under the store's lock.
 *
 * @param target the file it becomes
 */
record PartFile(Path target) {

  private static final int BUFFER = 1 << 18;
  private static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);

  /** The file so far. */
  Path path() {
    return target.resolveSibling(target.getFileName() + ".part");
  }

  /** Bytes so far; 0 if there is no file. */
  long size() throws IOException {
    return Files.exists(path()) ? Files.size(path()) : 0;
  }

  /** Forgets everything so far. */
  void delete() throws IOException {
    Files.deleteIfExists(path());
  }

  /**
   * Appends a stream and syncs what has come, even if the stream breaks.
   *
   * @param progress is told the file's size after every block
   */
  void append(InputStream from, LongConsumer progress) throws IOException {
    Files.createDirectories(target.toAbsolutePath().getParent());
    try (FileChannel channel =
        FileChannel.open(
            path(),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND)) {
      byte[] buffer = new byte[BUFFER];
      try {
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
          ByteBuffer block = ByteBuffer.wrap(buffer, 0, count);
          while (block.hasRemaining()) {
            channel.write(block);
          }
          progress.accept(channel.size());
        }
      } finally {
        channel.force(true);
      }
    }
  }

  /** Whether what has come begins like a GGUF file. */
  boolean looksLikeModel() throws IOException {
    try (InputStream in = Files.newInputStream(path())) {
      return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    }
  }

  /** Gives the whole file its name, in one step. */
  void complete() throws IOException {
    Files.move(path(), target, StandardCopyOption.ATOMIC_MOVE);
  }

  /** SHA-256 of a file in hexadecimal digits. */
  static String sha256(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[BUFFER];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
