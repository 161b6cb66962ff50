package io.gibbon.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes on disk, a line for each item, so that an evaluation that was cut off goes on where it
 * was: a line that was cut off is dropped with all behind it. The file is locked while this is
 * open. Used by one thread.
 */
final class OutcomeLog implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final FileChannel channel;

  /**
   * Opens a file or makes it.
   *
   * @throws IllegalArgumentException if another run has it open
   */
  OutcomeLog(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    if (!locked(channel)) {
      channel.close();
      throw new IllegalArgumentException(
          "the same evaluation runs already: another one has %s open".formatted(file));
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** What earlier runs found out. What is appended from now on goes behind it. */
  List<Outcome> read() throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    long whole = 0;
    InputStream in = new BufferedInputStream(Channels.newInputStream(channel.position(0)));
    for (byte[] line = line(in); line != null; line = line(in)) {
      try {
        outcomes.addAll(List.of(JSON.readValue(line, Outcome[].class)));
        whole += line.length + 1L;
      } catch (JsonProcessingException e) {
        break;
      }
    }
    channel.truncate(whole).position(whole);
    return outcomes;
  }

  /** The next line that has an end, or null. */
  private static byte @Nullable [] line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0; b = in.read()) {
      if (b == '\n') {
        return line.toByteArray();
      }
      line.write(b);
    }
    return null;
  }

  /** Keeps the outcomes of one item. */
  void append(List<Outcome> ofItem) throws IOException {
    ByteBuffer line =
        ByteBuffer.wrap((JSON.writeValueAsString(ofItem) + "\n").getBytes(StandardCharsets.UTF_8));
    while (line.hasRemaining()) {
      channel.write(line);
    }
  }

  /** Forgets everything. */
  void clear() throws IOException {
    channel.truncate(0);
  }

  /** Another run may go on. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
