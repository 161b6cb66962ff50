package io.gibbon.server.answer;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.ContextCombiner.Combined;
import io.gibbon.server.answer.ContextStates.Attached;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests of every door: proposes contexts, attaches their KV states, and hands the
 * question to the runtime. Thread-safe. {@link #answer} never blocks; each answer is prepared on a
 * virtual thread of its own.
 */
public final class AnswerService implements AutoCloseable {

  /** What clients that must name a model may name whatever the server runs. */
  private static final String ANY_MODEL = "default";

  private static final Logger LOG = LoggerFactory.getLogger(AnswerService.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Engine engine;
  private final StateReader states;
  private final ServerConfig config;
  private final ContextChooser chooser;
  private final ContextStates contexts;
  private final Runnable watch;
  private final ContextSelector selector;
  private final ContextCombiner combiner;
  private final Tasks tasks;
  private final Citer citer;
  private final AnswerMeters meters;
  private final Semaphore slots;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledThreadPoolExecutor clock;
  private final Set<RunningAnswer> underWay = ConcurrentHashMap.newKeySet();
  private volatile boolean closing;

  /** A service over the topology's states. */
  public AnswerService(
      Engine engine, StateReader states, ServerConfig config, AnswerMeters meters) {
    this.engine = engine;
    this.states = states;
    this.config = config;
    this.meters = meters;
    this.chooser = new ContextChooser(states, config.defaultCollection(), config.waitLimit());
    this.contexts = new ContextStates(engine, states);
    this.watch = states.watch(contexts::forget);
    this.selector = new ContextSelector(engine);
    this.combiner = new ContextCombiner(contexts, config);
    this.tasks = new Tasks(engine, states, config);
    this.citer = new Citer(engine);
    this.slots = new Semaphore(config.maxRequests());
    this.clock =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("gibbon-deadlines").factory());
    clock.setRemoveOnCancelPolicy(true);
  }

  /** Starts an answer and returns at once. Everything, refusals too, is told to the listener. */
  public Answer answer(AnswerRequest request, AnswerListener listener) {
    Duration limit = timeLimit(request);
    if (limit.isNegative()) {
      meters.refused("deadline_exceeded");
      listener.onError(RequestException.late("The deadline had passed before the answer began."));
      return () -> {};
    }
    if (closing) {
      listener.onError(stopping());
      return () -> {};
    }
    if (!slots.tryAcquire()) {
      meters.refused("overloaded");
      listener.onError(
          RequestException.overloaded(
              "%d requests are being answered, the limit; try again later"
                  .formatted(config.maxRequests())));
      return () -> {};
    }
    RunningAnswer running = new RunningAnswer(listener, meters, slots::release);
    underWay.add(running);
    running.over().thenRun(() -> underWay.remove(running));
    try {
      ScheduledFuture<?> alarm =
          clock.schedule(
              () -> running.expire("The answer was not whole after " + limit.toMillis() + " ms."),
              limit.toMillis(),
              TimeUnit.MILLISECONDS);
      running.atEnd(() -> alarm.cancel(false));
      threads.execute(() -> prepare(request, running));
    } catch (RejectedExecutionException e) {
      running.fail(stopping());
      running.prepared();
    } catch (Throwable e) {
      running.fail(RequestException.of(e));
      running.prepared();
    }
    if (closing) {
      running.stop(stopping());
    }
    return running;
  }

  private Duration timeLimit(AnswerRequest request) {
    if (request.deadline() == null) {
      return config.requestTimeout();
    }
    Duration left = Duration.between(Instant.now(), request.deadline());
    return left.compareTo(config.requestTimeout()) < 0 ? left : config.requestTimeout();
  }

  private void prepare(AnswerRequest request, RunningAnswer running) {
    try {
      requireModel(request.model());
      tasks.requireFits(request.question());
      ContextChooser.Choice chosen = choose(request, running);
      List<Attached> attached = attach(chosen, request, running);
      if (!running.cancelled()) {
        start(request, attached, running);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      running.stop(stopping());
    } catch (CancellationException e) {
      running.cancel();
    } catch (Throwable e) {
      running.stop(RequestException.of(e));
    } finally {
      running.prepared();
    }
  }

  private void start(AnswerRequest request, List<Attached> attached, RunningAnswer running) {
    int[] query = tasks.query(request.question(), !attached.isEmpty());
    Combined combined =
        combiner.combine(attached, request.options(), tasks.room(request, query), running);
    GenerationTask task = tasks.task(request, query, combined);
    running.combined(combined);
    if (request.options().attribution()) {
      running.citeWith(answer -> cite(answer, combined, query));
    }
    running.start(engine.generator(), task);
  }

  private List<Citation> cite(AnswerText answer, Combined combined, int[] query) {
    return citer.cite(
        answer, combined, query, states.calibration().map(Calibration::heads).orElse(List.of()));
  }

  private void requireModel(@Nullable String model) {
    if (model != null && !model.equals(ANY_MODEL) && !model.equals(engine.profile().model())) {
      throw RequestException.notFound(
          "model",
          "model_not_found",
          "The model '%s' does not exist; this server has '%s'."
              .formatted(model, engine.profile().model()));
    }
  }

  private ContextChooser.Choice choose(AnswerRequest request, RunningAnswer running)
      throws InterruptedException {
    ContextOptions options = request.options();
    boolean wantsContexts = !options.named().isEmpty() || options.topK() != 0;
    if (wantsContexts && !states.ready()) {
      throw RequestException.unavailable(
          "not_ready", "The server is restoring its state; try again in a moment.");
    }
    long began = System.nanoTime();
    ContextChooser.Choice chosen = chooser.choose(request.question(), options);
    for (String name : chosen.dropped()) {
      requirePartial(options, name);
    }
    if (!chosen.complete() && !options.allowPartial()) {
      throw RequestException.unavailable(
          "partial", "Some partitions cannot be searched now and gibbon.partial is 'refuse'.");
    }
    running.searched(Duration.ofNanos(System.nanoTime() - began));
    return chosen;
  }

  /** Brings states into memory, and keeps those that the question is about. */
  private List<Attached> attach(
      ContextChooser.Choice chosen, AnswerRequest request, RunningAnswer running) {
    ContextOptions options = request.options();
    long began = System.nanoTime();
    List<Attached> attached = new ArrayList<>();
    List<String> dropped = new ArrayList<>(chosen.dropped());
    Optional<Calibration> calibration = states.calibration();
    for (Candidate candidate : selector.worth(chosen.candidates(), options, calibration)) {
      if (running.cancelled()) {
        return List.of();
      }
      try {
        Attached one = contexts.apart(candidate);
        running.hold(one.lease());
        attached.add(one);
      } catch (StateUnavailableException e) {
        requirePartial(options, candidate.context().toString());
        dropped.add(candidate.context().toString());
      }
    }
    Duration time = Duration.ofNanos(System.nanoTime() - began);
    ContextSelector.Outcome outcome =
        selector.select(
            request.question(), options, attached, calibration, () -> !running.cancelled());
    for (Attached one : attached) {
      if (!outcome.kept().contains(one)) {
        running.release(one.lease());
      }
    }
    List<ContextUse> uses =
        outcome.kept().stream().map(one -> new ContextUse(one.candidate(), null)).toList();
    boolean complete = chosen.complete() && dropped.isEmpty();
    running.attached(new AnswerStart(uses, outcome.selected(), dropped, complete), time);
    return outcome.kept();
  }

  private static void requirePartial(ContextOptions options, String name) {
    if (!options.allowPartial()) {
      throw RequestException.unavailable(
          "context_unavailable",
          "%s cannot be reached now and gibbon.partial is 'refuse'".formatted(name));
    }
  }

  private static RequestException stopping() {
    return RequestException.unavailable("stopping", "The server is stopping.");
  }

  /**
   * Refuses new answers, stops those under way, and waits until each listener was told, for 10
   * seconds at most. The runtime must still run.
   */
  @Override
  public void close() {
    closing = true;
    watch.run();
    List<RunningAnswer> last = List.copyOf(underWay);
    last.forEach(running -> running.stop(stopping()));
    try {
      CompletableFuture.allOf(
              last.stream().map(RunningAnswer::over).toArray(CompletableFuture<?>[]::new))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("{} answers did not stop within {} s", underWay.size(), PATIENCE.toSeconds());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    clock.shutdownNow();
    threads.shutdownNow();
  }
}
