package io.gibbon.topology.internals;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Which documents may be in the encoder together, over all partitions of this process: any number
 * of ordinary ones, or one that has to be alone. Who waits to be alone is not overtaken for ever:
 * meanwhile nobody else enters. Once it is closed nobody enters, and all have to leave.
 * Thread-safe.
 */
public final class EncoderRoom {

  private final Map<Object, Integer> inside = new HashMap<>();

  /** Whose document is alone, or waits for it. */
  private @Nullable Object solitary;

  private boolean closed;

  /** Lets a document in, or not now: then the queue asks again. */
  synchronized boolean enter(Object queue, boolean alone) {
    if (closed || solitary != null && solitary != queue) {
      return false;
    }
    if (alone) {
      solitary = queue;
    }
    boolean enters = alone ? inside.isEmpty() : solitary == null;
    if (enters) {
      inside.merge(queue, 1, Integer::sum);
    }
    return enters;
  }

  /** How many documents of a queue are inside by now. A queue that has none claims nothing. */
  synchronized void report(Object queue, int documents) {
    if (documents > 0) {
      inside.put(queue, documents);
    } else {
      inside.remove(queue);
      if (solitary == queue) {
        solitary = null;
      }
      notifyAll();
    }
  }

  /** Whether all have to leave. */
  synchronized boolean isClosed() {
    return closed;
  }

  /**
   * Closes the room and waits until all have left, but no longer than some milliseconds.
   * Interruption ends the waiting.
   */
  public synchronized void close(long millis) {
    closed = true;
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    try {
      long left = millis;
      while (!inside.isEmpty() && left > 0) {
        wait(left);
        left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
