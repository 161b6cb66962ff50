package io.gibbon.runtime.schedule;

import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.chunk.Chunk;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One document: its chunks, those of them that are encoded and wait for their owner, and how far
 * the encoder may run ahead. Shared by the owner, the thread that cuts the chunks and the
 * scheduler's thread; guarded by itself.
 */
final class EncodingJob implements EncodeJob {

  private final KvLayout layout;
  private final long aheadBytes;
  private final Runnable wake;
  private final Executor side;

  private List<Chunk> chunks = List.of();
  private final Map<Integer, EncodedContext> ready = new HashMap<>();
  private long unpolledBytes;
  private int started;
  private int polled;
  private boolean cancelled;
  private @Nullable RuntimeException failure;

  /**
   * A job without chunks yet.
   *
   * @param aheadBytes the most bytes of states that wait to be polled; one context may always
   * @param wake tells the scheduler that something changed
   * @param side runs {@link SideWork}
   */
  EncodingJob(KvLayout layout, long aheadBytes, Runnable wake, Executor side) {
    this.layout = layout;
    this.aheadBytes = aheadBytes;
    this.wake = wake;
    this.side = side;
  }

  @Override
  public @Nullable EncodedContext poll() {
    EncodedContext context;
    boolean more;
    synchronized (this) {
      context = ready.remove(polled);
      if (context == null) {
        return null;
      }
      polled++;
      unpolledBytes -= layout.working().bytes(context.states().tokens());
      more = started < chunks.size();
    }
    if (more) {
      wake.run();
    }
    return context;
  }

  @Override
  public synchronized boolean isDone() {
    return wanted() && !chunks.isEmpty() && polled == chunks.size();
  }

  @Override
  public synchronized @Nullable RuntimeException failure() {
    return failure;
  }

  @Override
  public void cancel() {
    synchronized (this) {
      cancelled = true;
      freeReady();
    }
    wake.run();
  }

  /** Called once, before the scheduler sees the job. */
  synchronized void prepared(List<Chunk> contexts) {
    chunks = contexts;
  }

  /** Gives up for a reason that the owner sees. */
  synchronized void fail(RuntimeException error) {
    if (wanted()) {
      failure = error;
      freeReady();
    }
  }

  /** A context is encoded; threads that have time for it bring it into the format it is kept in. */
  void deliver(EncodedContext context) {
    if (context.states().layout().equals(layout)) {
      keep(context);
      return;
    }
    Storing storing = new Storing(this, context);
    try {
      side.execute(storing);
    } catch (RejectedExecutionException e) {
      storing.drop();
    }
  }

  /** Turns a context into the format that it is kept in. */
  private record Storing(EncodingJob job, EncodedContext context) implements SideWork {

    @Override
    public void run() {
      try (KvStates states = context.states()) {
        job.keep(
            new EncodedContext(
                context.index(), context.count(), context.text(), states.in(job.layout)));
      } catch (OutOfMemoryError e) {
        job.fail(new IllegalStateException("no memory for a context's KV states", e));
      }
    }

    @Override
    public void drop() {
      context.states().close();
      job.fail(new ClosedException());
    }
  }

  private synchronized void keep(EncodedContext context) {
    if (wanted()) {
      ready.put(context.index(), context);
    } else {
      context.states().close();
    }
  }

  /** Whether the owner still waits for contexts. */
  synchronized boolean wanted() {
    return !cancelled && failure == null;
  }

  /** Whether contexts are left to start, now or after polling. */
  synchronized boolean hasMore() {
    return wanted() && started < chunks.size();
  }

  /** Starts the next context, or null if none is left or the owner has to poll first. */
  synchronized @Nullable ContextEncoding startNext(@Nullable KvStates prefix) {
    if (!hasMore()) {
      return null;
    }
    int[] tokens = chunks.get(started).tokens();
    long bytes = layout.working().bytes(tokens.length);
    if (unpolledBytes > 0 && unpolledBytes + bytes > aheadBytes) {
      return null;
    }
    KvStates own = KvStates.allocate(layout.working(), tokens.length);
    unpolledBytes += bytes;
    return new ContextEncoding(this, started++, tokens, prefix, own);
  }

  synchronized int count() {
    return chunks.size();
  }

  synchronized String text(int index) {
    return chunks.get(index).text();
  }

  private void freeReady() {
    ready.values().forEach(context -> context.states().close());
    ready.clear();
  }
}
