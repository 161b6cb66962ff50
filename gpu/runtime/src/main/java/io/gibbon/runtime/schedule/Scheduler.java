package io.gibbon.runtime.schedule;

import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.Generation;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.Generator;
import io.gibbon.runtime.OverloadedException;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.chunk.Chunk;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continuous batching. One thread owns the executor and every sequence, and runs them step by step:
 * in each step every answer that is being written gets its row, questions that are being read share
 * a bounded number of rows, and contexts that are being encoded get the rest, or a small share
 * while answers run. So generation comes first, nobody waits for a long question, and both kinds of
 * work always progress. With nothing to do the thread sleeps.
 *
 * <p>Public methods are thread-safe and never wait for a step, but for {@link #close()}. Everything
 * else is confined to the thread: other threads send it commands.
 */
public final class Scheduler implements Generator, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
  private static final Runnable WAKE = () -> {};

  /** Rows of a step without answers. */
  private static final int STEP_ROWS = 256;

  /** Rows that encoding gets in a step with answers. */
  private static final int ENCODE_SHARE_ROWS = 16;

  /** Rows that questions get in a step, all together. */
  private static final int READ_ROWS = 128;

  /** Rows that hardly cost more than one, for answers to guess ahead with. */
  private static final int FREE_ROWS = 8;

  /** Threads for {@link SideWork}: one long document does not stop the others. */
  private static final int PREPARATION_THREADS = 2;

  private final Runnable first;
  private final Executor executor;
  private final Profile profile;
  private final Tokenizer tokenizer;
  private final @Nullable KvStates prefix;
  private final KvCache cache;
  private final RuntimeConfig config;

  private final BlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();
  private final AtomicInteger accepted = new AtomicInteger();
  private final Thread thread;
  private final ExecutorService preparation;
  private volatile boolean closing;
  private volatile @Nullable Throwable failure;

  private final Queue<Answer> waiting = new ArrayDeque<>();
  private final List<Answer> answers = new ArrayList<>();
  private final Queue<Probe> probes = new ArrayDeque<>();
  private final Encodings encodings;
  private final Batch batch = new Batch(this::wake);

  private int turn;
  private volatile int running;
  private volatile int encodingJobs;
  private final AtomicLong encodedTokens = new AtomicLong();
  private final AtomicLong steps = new AtomicLong();

  /**
   * Starts the thread.
   *
   * @param first what the thread does before anything else; if it fails, the scheduler ends
   * @param prefix states of the shared prefix, or null if it is empty; stays the caller's
   * @param cache keeps the budget that running answers share with cached states
   */
  public Scheduler(
      Runnable first,
      Executor executor,
      Profile profile,
      Tokenizer tokenizer,
      @Nullable KvStates prefix,
      KvCache cache,
      RuntimeConfig config) {
    this.executor = executor;
    this.profile = profile;
    this.tokenizer = tokenizer;
    this.prefix = prefix;
    this.cache = cache;
    this.config = config;
    this.preparation =
        Executors.newFixedThreadPool(
            PREPARATION_THREADS, Thread.ofPlatform().name("gibbon-prepare-", 0).daemon().factory());
    this.encodings = new Encodings(prefix);
    this.first = first;
    this.thread = Thread.ofPlatform().name("gibbon-scheduler").daemon().start(this::run);
  }

  /**
   * How busy the scheduler is.
   *
   * @param running answers that take part in steps
   * @param waiting answers that wait to be admitted
   * @param encodingJobs documents with contexts left to encode
   * @param encodedTokens tokens encoded since the start
   * @param steps steps since the start
   */
  public record Stats(int running, int waiting, int encodingJobs, long encodedTokens, long steps) {}

  /** A snapshot for metrics. */
  public Stats stats() {
    int now = running;
    return new Stats(
        now, Math.max(0, accepted.get() - now), encodingJobs, encodedTokens.get(), steps.get());
  }

  @Override
  public Generation generate(GenerationTask task, GenerationListener listener) {
    requireFits(task);
    int most = config.maxSequences() + config.queueLimit();
    if (accepted.incrementAndGet() > most) {
      accepted.decrementAndGet();
      throw new OverloadedException(
          "%d answers are running and queueLimit = %d wait already"
              .formatted(config.maxSequences(), config.queueLimit()));
    }
    Answer answer = new Answer(task, listener, tokenizer, accepted::decrementAndGet, this::wake);
    try {
      submit(() -> waiting.add(answer));
    } catch (ClosedException e) {
      accepted.decrementAndGet();
      throw e;
    }
    return answer;
  }

  private void requireFits(GenerationTask task) {
    requireKnown("query", task.query());
    task.lookups().forEach(text -> requireKnown("lookups", text));
    for (KvStates context : task.contexts()) {
      if (!context.layout().equals(profile.layout())) {
        throw new IllegalArgumentException(
            "a context's KV states have another layout than the model's");
      }
    }
    int before = (task.prefixed() && prefix != null ? prefix.tokens() : 0) + task.contextLength();
    long positions = (long) before + task.query().length + task.maxTokens();
    if (positions > profile.window()) {
      throw new IllegalArgumentException(
          "max_tokens = %d does not fit: with %d positions of prefix and contexts and %d of the query, the model's window of %d leaves %d"
              .formatted(
                  task.maxTokens(),
                  before,
                  task.query().length,
                  profile.window(),
                  Math.max(0, profile.window() - before - task.query().length)));
    }
    long bytes = ownBytes(task.query().length + task.maxTokens());
    if (bytes > cache.budgetBytes()) {
      throw new IllegalArgumentException(
          "query and max_tokens need %,d bytes of KV states, more than kvBudgetBytes = %,d"
              .formatted(bytes, cache.budgetBytes()));
    }
  }

  private void requireKnown(String field, int[] tokens) {
    for (int token : tokens) {
      if (token < 0 || token >= tokenizer.size()) {
        throw new IllegalArgumentException(
            "token %d of the %s is outside of the vocabulary of %d"
                .formatted(token, field, tokenizer.size()));
      }
    }
  }

  @Override
  public Optional<String> failure() {
    return Optional.ofNullable(failure).map(error -> "the model runtime has stopped: " + error);
  }

  /**
   * Accepts a document and returns at once.
   *
   * @param chunks cuts the document; called on a thread that has time for it
   */
  public EncodeJob encode(Supplier<List<Chunk>> chunks) {
    EncodingJob job =
        new EncodingJob(profile.layout(), config.encodeAheadBytes(), this::wake, preparation);
    try {
      preparation.execute(new Preparation(job, () -> prepare(job, chunks)));
    } catch (RejectedExecutionException e) {
      throw new ClosedException();
    }
    return job;
  }

  /** Cuts a document. */
  private record Preparation(EncodingJob job, Runnable work) implements SideWork {

    @Override
    public void run() {
      work.run();
    }

    @Override
    public void drop() {
      job.fail(new ClosedException());
    }
  }

  private void prepare(EncodingJob job, Supplier<List<Chunk>> chunks) {
    if (!job.wanted()) {
      return;
    }
    try {
      List<Chunk> prepared = chunks.get();
      if (prepared.isEmpty() || prepared.stream().anyMatch(chunk -> chunk.tokens().length == 0)) {
        throw new IllegalArgumentException("text has nothing to encode");
      }
      job.prepared(prepared);
      submit(() -> encodings.add(job));
    } catch (RuntimeException e) {
      job.fail(e);
    } catch (Throwable e) {
      LOG.error("A document could not be prepared", e);
      job.fail(new IllegalStateException("the document could not be prepared: " + e, e));
    }
  }

  /**
   * Runs slices in a step of their own, after the one on its way, and waits for it. Answers get a
   * step between any two of these.
   *
   * @throws ClosedException if the scheduler is closed
   * @throws RuntimeException what the executor threw
   */
  public void probe(List<Slice> slices) {
    Probe probe = new Probe(slices);
    submit(() -> probes.add(probe));
    probe.await();
  }

  /**
   * Ends everything at once: what runs or waits fails with a {@link ClosedException}, after the
   * step that is on its way. Idempotent.
   */
  @Override
  public void close() {
    synchronized (commands) {
      closing = true;
    }
    wake();
    for (Runnable dropped : preparation.shutdownNow()) {
      ((SideWork) dropped).drop();
    }
    if (Thread.currentThread() != thread) {
      joinThread();
    }
  }

  private void joinThread() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** After {@link #closing} no command gets in any more, so none is lost. */
  private void submit(Runnable command) {
    synchronized (commands) {
      if (closing) {
        throw new ClosedException();
      }
      commands.add(command);
    }
  }

  private void wake() {
    commands.add(WAKE);
  }

  private void run() {
    try {
      if (!closing) {
        first.run();
      }
      while (!closing) {
        step();
      }
    } catch (InterruptedException | RuntimeException | Error e) {
      failure = e;
      LOG.error("The scheduler ends", e);
    } finally {
      synchronized (commands) {
        closing = true;
      }
      endAll();
    }
  }

  private void step() throws InterruptedException {
    takeCommands();
    dropUnwanted();
    admit();
    planAnswers();
    encodedTokens.addAndGet(encodings.plan(batch, batch.isEmpty() ? STEP_ROWS : ENCODE_SHARE_ROWS));
    publish();
    Probe probe = probes.poll();
    if (probe != null) {
      probe.run(executor);
    }
    if (!batch.isEmpty()) {
      batch.run(executor);
      steps.incrementAndGet();
      retire();
    } else if (probe == null) {
      sleep();
    }
  }

  /** Whoever closes wakes the thread after saying so, and that call may have been taken already. */
  private void sleep() throws InterruptedException {
    if (!closing) {
      commands.take().run();
    }
  }

  private void takeCommands() {
    for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
      command.run();
    }
  }

  private void dropUnwanted() {
    waiting.removeIf(Scheduler::endIfCancelled);
    answers.removeIf(Scheduler::endIfCancelled);
    encodings.dropUnwanted();
  }

  private static boolean endIfCancelled(Answer answer) {
    if (answer.cancelled()) {
      answer.end(FinishReason.CANCELLED, "");
    }
    return answer.finished();
  }

  /** Lets waiting answers in, first come, first served, while there is room. */
  private void admit() {
    while (answers.size() < config.maxSequences() && !waiting.isEmpty()) {
      Answer next = waiting.element();
      if (start(next)) {
        answers.add(next);
      } else if (answers.isEmpty()) {
        next.fail(cache.noRoom(ownBytes(next.ownTokens())));
      } else {
        return;
      }
      waiting.remove();
    }
  }

  private boolean start(Answer answer) {
    long bytes = ownBytes(answer.ownTokens());
    if (!cache.tryReserve(bytes)) {
      return false;
    }
    try {
      answer.start(prefix, profile.layout().working(), () -> cache.release(bytes));
      return true;
    } catch (OutOfMemoryError e) {
      cache.release(bytes);
      return false;
    }
  }

  private long ownBytes(int tokens) {
    return profile.layout().working().bytes(tokens);
  }

  /**
   * A row for every answer that is being written, and more where few are; questions share what a
   * step may read, each turn another one first.
   */
  private void planAnswers() {
    int reading = (int) answers.stream().filter(Answer::reading).count();
    int guesses = FREE_ROWS / Math.max(1, answers.size() - reading) - 1;
    for (Answer answer : answers) {
      if (!answer.reading()) {
        answer.guess(guesses);
        batch.add(answer, answer.remaining());
      }
    }
    int rows = READ_ROWS;
    turn = answers.isEmpty() ? 0 : (turn + 1) % answers.size();
    for (int i = 0; reading > 0 && rows > 0; i++) {
      Answer answer = answers.get((turn + i) % answers.size());
      if (answer.reading()) {
        rows -= batch.add(answer, Math.max(KvLayout.PANEL, rows / reading));
        reading--;
      }
    }
  }

  private void retire() {
    answers.removeIf(Answer::finished);
    encodings.retire();
  }

  private void publish() {
    running = answers.size();
    encodingJobs = encodings.documents();
  }

  private void endAll() {
    takeCommands();
    for (Answer answer : waiting) {
      answer.fail(new ClosedException());
    }
    for (Answer answer : answers) {
      answer.fail(new ClosedException());
    }
    for (Probe probe : probes) {
      probe.fail(new ClosedException());
    }
    encodings.fail(new ClosedException());
    waiting.clear();
    probes.clear();
    answers.clear();
    publish();
  }
}
