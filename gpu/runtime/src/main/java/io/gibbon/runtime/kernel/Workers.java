package io.gibbon.runtime.kernel;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of compute threads that share out the indices of one loop at a time. The calling
 * thread is one of them. Between loops the others spin for some microseconds, since the next layer
 * follows at once, and then park: an idle engine uses no CPU.
 *
 * <p>One thread at a time may call {@link #forEach} and {@link #close}.
 */
public final class Workers implements AutoCloseable {

  /** One index of a loop. */
  @FunctionalInterface
  public interface Body {

    /**
     * Does the work of one index.
     *
     * @param worker which thread does it, from 0 and less than {@link #count()}: an index for
     *     scratch memory
     */
    void run(int index, int worker);
  }

  private static final int SPINS = 20_000;

  private final Thread[] threads;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger loop = new AtomicInteger();
  private final AtomicInteger parked = new AtomicInteger();
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;
  private @Nullable Body body;
  private int size;

  /**
   * Starts the threads.
   *
   * @param count threads, the caller of {@link #forEach} included; at least 1
   */
  public Workers(int count) {
    threads = new Thread[count - 1];
    for (int i = 0; i < threads.length; i++) {
      int worker = i + 1;
      threads[i] =
          Thread.ofPlatform()
              .name("gibbon-compute-" + worker)
              .daemon()
              .unstarted(() -> serve(worker));
    }
    for (Thread thread : threads) {
      thread.start();
    }
  }

  /** Threads, the caller's included. */
  public int count() {
    return threads.length + 1;
  }

  /**
   * Runs the body once for every index below {@code size}, in no particular order and on any
   * thread, and returns when all are done. Writes of the bodies are visible to the caller.
   *
   * @throws RuntimeException what a body threw; indices not yet begun are then left out
   */
  public void forEach(int size, Body body) {
    if (size <= 1 || threads.length == 0) {
      for (int i = 0; i < size; i++) {
        body.run(i, 0);
      }
      return;
    }
    this.body = body;
    this.size = size;
    failure = null;
    next.set(0);
    running.set(threads.length);
    loop.incrementAndGet();
    if (parked.get() > 0) {
      unparkAll();
    }
    takeIndices(body, size, 0);
    awaitOthers();
    Throwable thrown = failure;
    if (thrown instanceof RuntimeException exception) {
      throw exception;
    } else if (thrown instanceof Error error) {
      throw error;
    }
  }

  private void awaitOthers() {
    for (int spin = 0; running.get() > 0; spin++) {
      if (spin < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private void unparkAll() {
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }

  private void takeIndices(Body body, int size, int worker) {
    try {
      for (int i = next.getAndIncrement(); i < size; i = next.getAndIncrement()) {
        body.run(i, worker);
      }
    } catch (RuntimeException | Error e) {
      failure = e;
      next.set(size);
    }
  }

  private void serve(int worker) {
    int done = 0;
    while (true) {
      for (int spin = 0; loop.get() == done && spin < SPINS; spin++) {
        Thread.onSpinWait();
      }
      parkUntilLoopAfter(done);
      if (closed) {
        return;
      }
      done++;
      takeIndices(Objects.requireNonNull(body), size, worker);
      running.decrementAndGet();
    }
  }

  /** A thread counts itself as parked before it looks again, so that no loop begins unnoticed. */
  private void parkUntilLoopAfter(int done) {
    if (loop.get() != done) {
      return;
    }
    parked.incrementAndGet();
    while (loop.get() == done && !closed) {
      LockSupport.park(this);
    }
    parked.decrementAndGet();
  }

  /** Ends the threads. */
  @Override
  public void close() {
    closed = true;
    unparkAll();
  }
}
