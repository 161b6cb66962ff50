package io.gibbon.runtime.schedule;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvLayout;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The work of one step. Reused from step to step by the scheduler's thread. */
final class Batch {

  private static final Logger LOG = LoggerFactory.getLogger(Batch.class);

  private final List<Work> works = new ArrayList<>();
  private final List<Slice> slices = new ArrayList<>();

  private final Runnable wake;

  /**
   * An empty batch.
   *
   * @param wake tells the scheduler that there may be room for others
   */
  Batch(Runnable wake) {
    this.wake = wake;
  }

  boolean isEmpty() {
    return works.isEmpty();
  }

  /**
   * Adds as many rows as there are, at most so many, but only the last part of a sequence ends
   * within a panel. Returns how many; work for whose rows there is no memory fails.
   */
  int add(Work work, int most) {
    int rows = work.remaining() <= most ? work.remaining() : most / KvLayout.PANEL * KvLayout.PANEL;
    if (rows > 0) {
      try {
        slices.add(work.slice(rows));
        works.add(work);
      } catch (OutOfMemoryError e) {
        work.fail(new IllegalStateException("no memory for KV states", e));
        wake.run();
      }
    }
    return rows;
  }

  /**
   * Runs everything once and empties the batch. If the step fails, every slice is run again on its
   * own, which its own keys and values allow, so that only the guilty ones fail.
   */
  void run(Executor executor) {
    try {
      if (runs(executor)) {
        works.forEach(Batch::advance);
      } else {
        runOneByOne(executor);
      }
    } finally {
      works.clear();
      slices.clear();
    }
  }

  private boolean runs(Executor executor) {
    try {
      executor.step(slices);
      return true;
    } catch (RuntimeException | OutOfMemoryError e) {
      LOG.warn("A step of {} sequences failed; running them one by one", works.size(), e);
      return false;
    }
  }

  private void runOneByOne(Executor executor) {
    for (int i = 0; i < works.size(); i++) {
      try {
        executor.step(List.of(slices.get(i)));
      } catch (RuntimeException | OutOfMemoryError e) {
        works
            .get(i)
            .fail(
                new IllegalStateException("the model failed on this input: " + e.getMessage(), e));
        continue;
      }
      advance(works.get(i));
    }
  }

  private static void advance(Work work) {
    try {
      work.advance();
    } catch (RuntimeException e) {
      work.fail(e);
    } catch (Throwable e) {
      // A listener may run out of memory; the thread that serves all others must go on.
      LOG.error("A step's result could not be handed on", e);
      work.fail(new IllegalStateException("the result could not be handed on: " + e, e));
    }
  }
}
