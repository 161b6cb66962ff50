package io.gibbon.schemas.serde;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A time in which a server does not answer: it is asked again after a second, then after twice as
 * long each time, up to {@link #LONGEST}, by one caller. In between, callers fail at once. Its
 * start and its end are logged. Thread-safe.
 */
final class Outage {

  static final Duration FIRST = Duration.ofSeconds(1);
  static final Duration LONGEST = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(Outage.class);

  private final LongSupplier nanoTime;
  private @Nullable String problem;
  private long since;
  private long next;
  private Duration backOff = FIRST;

  /** No outage yet, by a clock as {@link System#nanoTime()}. */
  Outage(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * To be called before the server is asked.
   *
   * @throws RegistryUnavailableException if it shall not be asked now
   */
  synchronized void check() {
    if (problem == null) {
      return;
    }
    long now = nanoTime.getAsLong();
    if (now - next < 0) {
      throw new RegistryUnavailableException(problem, Duration.ofNanos(next - now), null);
    }
    next = now + backOff.toNanos();
  }

  /** The server did not answer. */
  synchronized RegistryUnavailableException failed(String reason, @Nullable Throwable cause) {
    long now = nanoTime.getAsLong();
    if (problem == null) {
      since = now;
      LOG.warn("{}: what needs it waits", reason);
    }
    problem = reason;
    Duration pause = backOff;
    next = now + pause.toNanos();
    Duration twice = backOff.multipliedBy(2);
    backOff = twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
    return new RegistryUnavailableException(reason, pause, cause);
  }

  /** The server answered. */
  synchronized void over() {
    if (problem != null) {
      LOG.info(
          "the schema registry answers again, after {} s",
          Duration.ofNanos(nanoTime.getAsLong() - since).toSeconds());
      problem = null;
      backOff = FIRST;
    }
  }
}
