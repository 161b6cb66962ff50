package io.gibbon.runtime.schedule;

import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Slice;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Slices that somebody waits for, run in a step of their own. */
final class Probe {

  private final List<Slice> slices;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  Probe(List<Slice> slices) {
    this.slices = List.copyOf(slices);
  }

  /** Runs the slices; called by the scheduler's thread, which an error ends. */
  void run(Executor executor) {
    try {
      executor.step(slices);
      done.complete(null);
    } catch (RuntimeException | OutOfMemoryError e) {
      done.completeExceptionally(e);
    } catch (Error e) {
      done.completeExceptionally(new ClosedException());
      throw e;
    }
  }

  /** It will not run. */
  void fail(RuntimeException error) {
    done.completeExceptionally(error);
  }

  /** Waits until the slices have run; throws what they threw. */
  void await() {
    try {
      done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("a pass over cached states failed: " + e.getCause(), e);
    }
  }
}
