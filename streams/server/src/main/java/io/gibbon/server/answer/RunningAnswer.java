package io.gibbon.server.answer;

import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.Generation;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.Generator;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.server.answer.ContextCombiner.Combined;
import io.gibbon.topology.ContextRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One answer on its way: holds what it borrowed and gives it back exactly once, whatever ends it.
 * Prepared by one virtual thread, then told tokens by the runtime; {@link #cancel} and {@link
 * #expire} may come from any thread. Tells its listener under its own lock, which keeps calls in
 * order; listeners never block.
 */
final class RunningAnswer implements Answer, GenerationListener {

  private static final Logger LOG = LoggerFactory.getLogger(RunningAnswer.class);

  private final AnswerListener listener;
  private final AnswerMeters meters;
  private final Runnable release;
  private final long began = System.nanoTime();
  private final List<KvCache.Lease> leases = new ArrayList<>();
  private final List<Runnable> endings = new ArrayList<>();
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  private AnswerStart start = new AnswerStart(List.of(), Selected.all(List.of()), List.of(), true);
  private Duration search = Duration.ZERO;
  private Duration attach = Duration.ZERO;
  private Combined combined = Combined.apart(List.of());
  private @Nullable Duration firstToken;
  private @Nullable Generation generation;
  private @Nullable RequestException reason;
  private final AnswerText text = new AnswerText();
  private Function<AnswerText, List<Citation>> citing = answer -> List.of();
  private boolean written;
  private boolean ended;
  private boolean preparing = true;

  RunningAnswer(AnswerListener listener, AnswerMeters meters, Runnable release) {
    this.listener = listener;
    this.meters = meters;
    this.release = release;
    meters.began();
  }

  /** Runs something when all is given back, or now if it is. */
  synchronized void atEnd(Runnable ending) {
    if (ended && !preparing) {
      ending.run();
    } else {
      endings.add(ending);
    }
  }

  /** Notes how long choosing contexts took. */
  synchronized void searched(Duration time) {
    search = time;
  }

  /** Gives back a lease before the end. */
  synchronized void release(KvCache.Lease lease) {
    leases.remove(lease);
    lease.close();
  }

  /** Keeps a lease until the end. */
  synchronized void hold(KvCache.Lease lease) {
    leases.add(lease);
  }

  /** Says how the answer's sentences are cited when it is written. */
  synchronized void citeWith(Function<AnswerText, List<Citation>> how) {
    citing = how;
  }

  /** Notes what is attached and how long that took. */
  synchronized void attached(AnswerStart what, Duration time) {
    start = what;
    attach = time;
  }

  /** Notes how the contexts were put together. */
  synchronized void combined(Combined how) {
    combined = how;
  }

  /** Whether going on is of no use. */
  synchronized boolean cancelled() {
    return ended;
  }

  /** Whoever prepared the answer reads nothing of what it holds any more. */
  synchronized void prepared() {
    preparing = false;
    if (ended) {
      giveBack();
    }
  }

  /** Hands the question over; tokens that come meanwhile wait for {@code onStart}. */
  synchronized void start(Generator generator, GenerationTask task) {
    if (!ended) {
      preparing = false;
      generation = generator.generate(task, this);
      try {
        listener.onStart(start);
      } catch (Throwable e) {
        stop(RequestException.of(e));
      }
    }
  }

  /** Done when the listener has been told the end. */
  CompletableFuture<Void> over() {
    return over;
  }

  @Override
  public void cancel() {
    stop(RequestException.cancelled());
  }

  /** The deadline has come. */
  void expire(String message) {
    stop(RequestException.late(message));
  }

  /** Ends with an error, as soon as the runtime gives the question back. */
  synchronized void stop(RequestException why) {
    if (generation == null) {
      fail(why);
    } else if (!ended && !written && reason == null) {
      reason = why;
      generation.cancel();
    }
  }

  /** Ends without an answer. Only while the runtime does not have the question. */
  synchronized void fail(RequestException error) {
    if (end()) {
      try {
        meters.failed(error);
        listener.onError(error);
      } finally {
        over.complete(null);
      }
    }
  }

  @Override
  public synchronized void onToken(GeneratedToken token) {
    if (reason != null) {
      return;
    }
    if (firstToken == null) {
      firstToken = elapsed();
      meters.firstToken(firstToken);
    }
    text.add(token);
    listener.onToken(token);
  }

  /** What is still to do needs the model, which calls this: so another thread does it. */
  @Override
  public synchronized void onEnd(GenerationResult result) {
    written = true;
    text.finish(result.text());
    Thread.ofVirtual().name("gibbon-citations").start(() -> conclude(result, citations()));
  }

  private List<Citation> citations() {
    try {
      return citing.apply(text);
    } catch (Throwable e) {
      // The answer is written, and what it holds has to be given back.
      LOG.warn("An answer's sentences could not be cited", e);
      return List.of();
    }
  }

  private synchronized void conclude(GenerationResult result, List<Citation> citations) {
    if (reason != null) {
      fail(reason);
    } else if (end()) {
      try {
        AnswerEnd whole = whole(result, citations);
        meters.answered(whole);
        listener.onEnd(whole);
      } finally {
        over.complete(null);
      }
    }
  }

  @Override
  public synchronized void onError(RuntimeException error) {
    fail(reason == null ? RequestException.of(error) : reason);
  }

  private AnswerEnd whole(GenerationResult result, List<Citation> citations) {
    return new AnswerEnd(
        result.finishReason(),
        result.text(),
        shared(result.attentionShares()),
        start.selected(),
        combined.combination(),
        citations,
        start.dropped(),
        start.complete(),
        new AnswerEnd.Usage(
            result.queryTokens() + combined.read(),
            result.cachedTokens() - combined.read(),
            result.completionTokens(),
            result.draftedTokens(),
            result.acceptedTokens()),
        new AnswerEnd.Timings(
            search,
            attach,
            combined.time(),
            result.queued(),
            firstToken == null ? elapsed() : firstToken,
            elapsed()));
  }

  private List<ContextUse> shared(double[] shares) {
    Map<ContextRef, Double> byContext = new HashMap<>();
    for (int i = 0; i < shares.length; i++) {
      byContext.put(combined.contexts().get(i).context(), shares[i]);
    }
    return start.contexts().stream()
        .map(ContextUse::candidate)
        .map(candidate -> new ContextUse(candidate, byContext.get(candidate.context())))
        .toList();
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  private boolean end() {
    if (ended) {
      return false;
    }
    ended = true;
    if (!preparing) {
      giveBack();
    }
    return true;
  }

  private void giveBack() {
    try {
      leases.forEach(KvCache.Lease::close);
      endings.forEach(Runnable::run);
    } finally {
      release.run();
    }
  }
}
