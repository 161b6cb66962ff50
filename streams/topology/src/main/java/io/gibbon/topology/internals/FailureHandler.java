package io.gibbon.topology.internals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what becomes of a stream thread that died. What may pass by itself (a broker that is
 * away) gets a new thread, for ever; what cannot pass (a full disk, missing rights) stops the
 * application with one line that says what to do; anything else gets a few new threads.
 * Thread-safe.
 */
public final class FailureHandler implements StreamsUncaughtExceptionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(FailureHandler.class);
  private static final int MAX_UNKNOWN = 5;
  private static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(5);

  private final Path stateDir;
  private final Deque<Long> unknown = new ArrayDeque<>();
  private volatile @Nullable String fatal;

  /** A handler that names a state directory in its messages. */
  public FailureHandler(Path stateDir) {
    this.stateDir = stateDir;
  }

  /** Why the application was stopped, or empty. */
  public Optional<String> fatal() {
    return Optional.ofNullable(fatal);
  }

  @Override
  public StreamThreadExceptionResponse handle(Throwable failure) {
    LOG.debug("a stream thread died", failure);
    if (isDiskFull(failure)) {
      return stop(
          "the disk of the state directory %s is full: make room and start again"
              .formatted(stateDir.toAbsolutePath()));
    }
    if (find(failure, AuthenticationException.class) instanceof Throwable refused) {
      return stop("Kafka refuses our credentials: " + Reasons.of(refused));
    }
    if (find(failure, AuthorizationException.class) instanceof Throwable refused) {
      return stop("Kafka does not allow what we need: " + Reasons.of(refused));
    }
    if (find(failure, TimeoutException.class) instanceof Throwable timeout) {
      return again("Kafka does not answer, trying again: " + Reasons.of(timeout));
    }
    if (find(failure, RetriableException.class) instanceof Throwable passing) {
      return again("trying again: " + Reasons.of(passing));
    }
    String reason = Reasons.of(root(failure));
    return isTooOften()
        ? stop("stream threads fail again and again: " + reason)
        : again("a stream thread failed and is replaced: " + reason);
  }

  private static boolean isDiskFull(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      boolean fromDisk =
          cause instanceof IOException || cause instanceof org.rocksdb.RocksDBException;
      boolean full = message.contains("no space left") || message.contains("quota exceeded");
      if (fromDisk && full) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable Throwable find(Throwable failure, Class<? extends Throwable> type) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return cause;
      }
    }
    return null;
  }

  private static Throwable root(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private synchronized boolean isTooOften() {
    long now = System.nanoTime();
    unknown.add(now);
    unknown.removeIf(time -> now - time > WINDOW_NANOS);
    return unknown.size() > MAX_UNKNOWN;
  }

  private StreamThreadExceptionResponse stop(String reason) {
    fatal = reason;
    LOG.error("{}", reason);
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  private static StreamThreadExceptionResponse again(String reason) {
    LOG.warn("{}", reason);
    return StreamThreadExceptionResponse.REPLACE_THREAD;
  }
}
