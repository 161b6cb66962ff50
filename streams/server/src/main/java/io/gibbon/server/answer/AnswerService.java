package io.gibbon.server.answer;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.ContextSelector.Attached;
import io.gibbon.topology.ContextRef;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
import java.util.function.ToDoubleFunction;
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

  /** Texts of contexts that are tokenized for an answer to repeat, best first. */
  private static final int MOST_LOOKUPS = 64;

  /** Shorter answers end before anything could be looked up. */
  private static final int LEAST_LOOKUP_ANSWER = 8;

  private static final Logger LOG = LoggerFactory.getLogger(AnswerService.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Engine engine;
  private final StateReader states;
  private final ServerConfig config;
  private final ContextChooser chooser;
  private final ContextSelector selector;
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
    this.selector = new ContextSelector(engine);
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
      requireFits(request.question());
      ContextChooser.Choice chosen = choose(request, running);
      List<Attached> attached = attach(chosen, request, running);
      if (!running.cancelled()) {
        GenerationTask task = task(request, attached);
        if (request.options().attribution()) {
          running.citeWith(answer -> cite(answer, attached, task));
        }
        running.start(engine.generator(), task);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      running.stop(stopping());
    } catch (Throwable e) {
      running.stop(RequestException.of(e));
    } finally {
      running.prepared();
    }
  }

  private List<Citation> cite(AnswerText answer, List<Attached> attached, GenerationTask task) {
    return citer.cite(
        answer,
        attached.stream().map(Attached::candidate).toList(),
        task.contexts(),
        task.query(),
        states.calibration().map(Calibration::heads).orElse(List.of()));
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
        KvCache.Lease lease = lease(candidate.context());
        running.hold(lease);
        attached.add(new Attached(candidate, lease));
      } catch (StateUnavailableException e) {
        requirePartial(options, candidate.context().toString());
        dropped.add(candidate.context().toString());
      }
    }
    Duration time = Duration.ofNanos(System.nanoTime() - began);
    ContextSelector.Outcome outcome =
        selector.select(request.question(), options, attached, calibration);
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

  private KvCache.Lease lease(ContextRef context) {
    long bytes = engine.profile().layout().bytes(context.tokens());
    return engine.cache().lease(context, bytes, () -> states.read(context));
  }

  private int[] query(Question question, boolean grounded) {
    return switch (question) {
      case Question.Chat chat -> engine.prompts().chat(chat.messages(), grounded);
      case Question.Completion completion ->
          engine.prompts().completion(completion.prompt(), grounded);
    };
  }

  private GenerationTask task(AnswerRequest request, List<Attached> attached) {
    List<KvStates> contexts = attached.stream().map(one -> one.lease().states()).toList();
    boolean grounded = !contexts.isEmpty();
    int[] query = query(request.question(), grounded);
    int longest = contexts.stream().mapToInt(KvStates::tokens).max().orElse(0);
    int wanted = request.maxTokens() == null ? 1 : request.maxTokens();
    int room = requireFits(longest, query.length, wanted, request.question());
    int most =
        request.maxTokens() == null ? Math.min(config.maxTokens(), room) : request.maxTokens();
    ContextOptions options = request.options();
    return new GenerationTask(
        contexts,
        grounded || request.question() instanceof Question.Chat,
        query,
        factor(
            options.attentionTemperature(),
            contexts,
            Calibration::attentionTemperature,
            config.attentionTemperature()),
        factor(
            options.scalingFactor(), contexts, Calibration::scalingFactor, config.scalingFactor()),
        request.sampling(),
        most,
        request.stop(),
        request.topLogprobs(),
        options.attribution(),
        most < LEAST_LOOKUP_ANSWER ? List.of() : lookups(query, attached));
  }

  /** Answers repeat their question and the contexts they draw on. */
  private List<int[]> lookups(int[] query, List<Attached> attached) {
    List<int[]> lookups = new ArrayList<>();
    lookups.add(query);
    attached.stream()
        .limit(MOST_LOOKUPS)
        .map(one -> engine.prompts().text(one.candidate().text()))
        .forEach(lookups::add);
    return lookups;
  }

  /**
   * T or S: what the request says, 1 for a single context, which needs neither, what was learnt of
   * the profile, or what is configured.
   */
  private double factor(
      @Nullable Double asked,
      List<KvStates> contexts,
      ToDoubleFunction<Calibration> learnt,
      double configured) {
    if (asked != null) {
      return asked;
    }
    return contexts.size() == 1
        ? 1
        : states.calibration().map(learnt::applyAsDouble).orElse(configured);
  }

  /** Refuses a question that no answer fits behind, the longest ones without reading them. */
  private void requireFits(Question question) {
    int fewest = engine.prompts().fewest(question.characters());
    if (fewest > engine.profile().window()) {
      throw RequestException.tooLong(
          field(question),
          "This model's maximum context length is %,d tokens: the question has at least %,d."
              .formatted(engine.profile().window(), fewest));
    }
    requireFits(0, query(question, false).length, 1, question);
  }

  /** The tokens that are left for the answer, at least {@code wanted}. */
  private int requireFits(int longest, int query, int wanted, Question question) {
    int window = engine.profile().window();
    int prefix = engine.profile().prefixTokens();
    int room = window - prefix - longest - query;
    if (room < wanted) {
      throw RequestException.tooLong(
          field(question),
          ("This model's maximum context length is %,d tokens: prefix %,d, longest context %,d,"
                  + " question %,d and answer %,d do not fit.")
              .formatted(window, prefix, longest, query, wanted));
    }
    return room;
  }

  private static String field(Question question) {
    return question instanceof Question.Chat ? "messages" : "prompt";
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
