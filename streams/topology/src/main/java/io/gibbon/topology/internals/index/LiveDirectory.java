package io.gibbon.topology.internals.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a task's directory young until it is closed, so that its age tells until when the state in
 * it was followed up: at its start Kafka Streams deletes directories that are older than {@code
 * state.cleanup.dir.max.age.ms}, and writing to stores does not make the directory above them
 * younger. A processor has one, since it begins when its task's state is restored; standby tasks
 * have stores only, and a store touches its directory as records are restored, whatever the lag: a
 * standby task to which nothing comes for that long is restored from the beginning at a start.
 * Thread-safe.
 */
public final class LiveDirectory implements AutoCloseable {

  /** How often a directory is touched. */
  public static final Duration INTERVAL = Duration.ofMinutes(1);

  private static final Logger LOG = LoggerFactory.getLogger(LiveDirectory.class);

  private final Path directory;
  private final Duration interval;
  private final Thread thread;
  private boolean closed;

  /** Touches a directory now and then at intervals. */
  public LiveDirectory(Path directory, Duration interval) {
    this.directory = directory;
    this.interval = interval;
    touch(directory);
    this.thread =
        Thread.ofVirtual().name("gibbon-live-" + directory.getFileName()).start(this::run);
  }

  private void run() {
    try {
      while (true) {
        Thread.sleep(interval);
        touchUnlessClosed();
      }
    } catch (InterruptedException e) {
      LOG.trace("{} is closed", directory);
    }
  }

  private synchronized void touchUnlessClosed() {
    if (!closed) {
      touch(directory);
    }
  }

  /** Makes a directory young, if it can; else says so in the log. */
  static void touch(Path directory) {
    try {
      Files.setLastModifiedTime(directory, FileTime.from(Instant.now()));
    } catch (IOException e) {
      LOG.warn(
          "the age of {} cannot be set, it may be deleted at a start: {}", directory, e.toString());
    }
  }

  /** The directory grows old from now on. */
  @Override
  public synchronized void close() {
    closed = true;
    thread.interrupt();
  }
}
