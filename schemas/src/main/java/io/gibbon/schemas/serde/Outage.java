package io.gibbon.schemas.serde;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A time in which a server does not answer: it is asked again after a second, then after twice as
 * long each time, up to {@link #LONGEST}, by one caller. In between, and while that one waits for
 * its answer, callers fail at once. Its start and its end are logged. Thread-safe.
 */
final class Outage {

  static final Duration FIRST = Duration.ofSeconds(1);
  static final Duration LONGEST = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(Outage.class);

  private final LongSupplier nanoTime;
  private final Duration probe;
  private @Nullable String problem;
  private long since;
  private long next;
  private boolean probing;
  private Duration backOff = FIRST;

  /**
   * No outage yet.
   *
   * @param nanoTime a clock as {@link System#nanoTime()}
   * @param probe the longest that asking takes; who has not told by then how it went is not waited
   *     for any longer
   */
  Outage(LongSupplier nanoTime, Duration probe) {
    this.nanoTime = nanoTime;
    this.probe = probe;
  }

  /**
   * To be called before the server is asked, and to be followed by {@link #failed} or {@link
   * #over}.
   *
   * @throws RegistryUnavailableException if it shall not be asked now
   */
  synchronized void check() {
    if (problem == null) {
      return;
    }
    long now = nanoTime.getAsLong();
    if (now - next < 0) {
      Duration left = Duration.ofNanos(next - now);
      boolean maySoonBeOver = probing && left.compareTo(FIRST) > 0;
      throw new RegistryUnavailableException(problem, maySoonBeOver ? FIRST : left, null);
    }
    probing = true;
    next = now + probe.toNanos();
  }

  /** The server did not answer. */
  synchronized RegistryUnavailableException failed(String reason, @Nullable Throwable cause) {
    long now = nanoTime.getAsLong();
    if (problem == null) {
      since = now;
      LOG.warn("{}: what needs it waits", reason);
    }
    problem = reason;
    probing = false;
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
      probing = false;
      backOff = FIRST;
    }
  }
}
