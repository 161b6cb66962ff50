package io.gibbon.runtime.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of compute threads that share out the indices of one loop at a time. The calling
 * thread is one of them, and it waits only for indices that others have taken: a thread that the
 * machine did not get round to running holds nobody up. Between loops the others spin for some
 * microseconds, since the next layer follows at once, and then park: an idle engine uses no CPU.
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

  /** No loop has so many indices: nothing is left to take. */
  private static final int NOTHING = Integer.MAX_VALUE;

  private final Thread[] threads;

  /** Which loop it is in the upper half, its next index to take in the lower one. */
  private final AtomicLong ticket = new AtomicLong(ticket(0, NOTHING));

  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger parked = new AtomicInteger();
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;
  private Body body = (index, worker) -> {};
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
    int loop = open(size, body);
    takeIndices(loop, 0);
    awaitOthers(size);
    Throwable thrown = failure;
    if (thrown instanceof RuntimeException exception) {
      throw exception;
    } else if (thrown instanceof Error error) {
      throw error;
    }
  }

  /**
   * Begins the next loop. While its body and size are written the ticket has nothing to take, so
   * that a late thread can neither take an index of the last loop nor mix the two.
   */
  private int open(int size, Body body) {
    int last = loop(ticket.get());
    ticket.set(ticket(last, NOTHING));
    this.body = body;
    this.size = size;
    failure = null;
    done.set(0);
    ticket.set(ticket(last + 1, 0));
    if (parked.get() > 0) {
      unparkAll();
    }
    return last + 1;
  }

  private void awaitOthers(int size) {
    for (int spin = 0; done.get() < size; spin++) {
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

  private void takeIndices(int loop, int worker) {
    while (true) {
      long taken = ticket.get();
      int index = (int) taken;
      Body body = this.body;
      if (loop(taken) != loop || index >= size) {
        return;
      }
      if (ticket.compareAndSet(taken, taken + 1)) {
        run(body, index, worker);
        done.incrementAndGet();
      }
    }
  }

  private void run(Body body, int index, int worker) {
    if (failure != null) {
      return;
    }
    try {
      body.run(index, worker);
    } catch (RuntimeException | Error e) {
      failure = e;
    }
  }

  private void serve(int worker) {
    int last = 0;
    while (true) {
      for (int spin = 0; loop(ticket.get()) == last && spin < SPINS; spin++) {
        Thread.onSpinWait();
      }
      parkUntilLoopAfter(last);
      if (closed) {
        return;
      }
      last = loop(ticket.get());
      takeIndices(last, worker);
    }
  }

  /** A thread counts itself as parked before it looks again, so that no loop begins unnoticed. */
  private void parkUntilLoopAfter(int last) {
    if (loop(ticket.get()) != last) {
      return;
    }
    parked.incrementAndGet();
    while (loop(ticket.get()) == last && !closed) {
      LockSupport.park(this);
    }
    parked.decrementAndGet();
  }

  private static long ticket(int loop, int index) {
    return (long) loop << 32 | index;
  }

  private static int loop(long ticket) {
    return (int) (ticket >>> 32);
  }

  /** Ends the threads. */
  @Override
  public void close() {
    closed = true;
    unparkAll();
  }
}
