package io.gibbon.server;

import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.Generation;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.Generator;
import io.gibbon.runtime.kv.KvStates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Says {@code t0 t1 t2 ...} until {@code maxTokens} are said or the answer is cancelled, on a
 * thread for each answer.
 */
public final class FakeGenerator implements Generator {

  /** Tasks accepted so far. */
  public final List<GenerationTask> tasks = new CopyOnWriteArrayList<>();

  /** Answers cancelled so far. */
  public final AtomicInteger cancelled = new AtomicInteger();

  /** Thrown by the next tasks, if any. */
  public volatile RuntimeException refusal;

  /** Thrown instead of the third token, if any. */
  public volatile RuntimeException failure;

  /** Tokens after which an answer hangs until it is cancelled or {@link #goOn} is called. */
  public volatile int hangsAfter = Integer.MAX_VALUE;

  /** Why nothing can be generated any more, if so. */
  public volatile Optional<String> end = Optional.empty();

  /** What is said at each step. */
  public volatile String word = "t%d ";

  @Override
  public Generation generate(GenerationTask task, GenerationListener listener) {
    if (refusal != null) {
      throw refusal;
    }
    tasks.add(task);
    AtomicBoolean stop = new AtomicBoolean();
    Thread thread = Thread.ofVirtual().start(() -> run(task, listener, stop));
    return () -> {
      stop.set(true);
      thread.interrupt();
    };
  }

  @Override
  public Optional<String> failure() {
    return end;
  }

  private void run(GenerationTask task, GenerationListener listener, AtomicBoolean stop) {
    int said = 0;
    while (said < task.maxTokens() && !stop.get()) {
      if (said == 2 && failure != null) {
        listener.onError(failure);
        return;
      }
      if (said == hangsAfter) {
        hang(said, stop);
        continue;
      }
      String text = word.formatted(said);
      List<GeneratedToken.Alternative> top = new ArrayList<>();
      for (int i = 0; i < task.topLogprobs(); i++) {
        top.add(new GeneratedToken.Alternative(i, "a" + i, -1 - i));
      }
      listener.onToken(new GeneratedToken(said, text, -0.5, top));
      said++;
      Thread.yield();
    }
    if (stop.get()) {
      cancelled.incrementAndGet();
    }
    listener.onEnd(result(task, said, stop.get()));
  }

  /** Nothing hangs any more. */
  public synchronized void goOn() {
    hangsAfter = Integer.MAX_VALUE;
    notifyAll();
  }

  private synchronized void hang(int said, AtomicBoolean stop) {
    try {
      while (said == hangsAfter && !stop.get()) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static GenerationResult result(GenerationTask task, int said, boolean stopped) {
    double[] shares = new double[task.attribution() ? task.contexts().size() : 0];
    Arrays.setAll(shares, i -> 0.25 / (i + 1));
    return new GenerationResult(
        stopped ? FinishReason.CANCELLED : FinishReason.LENGTH,
        "",
        task.query().length,
        10 + task.contexts().stream().mapToInt(KvStates::tokens).sum(),
        said,
        0,
        0,
        shares,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(3));
  }
}
