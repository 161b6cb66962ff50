package io.gibbon.runtime.schedule;

import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.GeneratedToken.Alternative;
import io.gibbon.runtime.Generation;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.StopStrings;
import io.gibbon.runtime.tokenizer.StreamingDecoder;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One generation from acceptance to end: first its query's rows, then one row for every token. All
 * methods but {@link #cancel()} belong to the scheduler's thread.
 */
final class Answer implements Work, Generation {

  private static final Logger LOG = LoggerFactory.getLogger(Answer.class);

  /** Cached tokens beyond which a row's attention costs more than a guess gains. */
  private static final int MOST_CACHED = 16_384;

  /** Tokens of an answer that its own states have room for at first. */
  private static final int FIRST_ROOM = 256;

  private final GenerationTask task;
  private final GenerationListener listener;
  private final Tokenizer tokenizer;
  private final Runnable gone;
  private final Runnable wake;
  private final long arrived = System.nanoTime();
  private final StreamingDecoder decoder;
  private final StopStrings stops;
  private final double[] shareSums;

  private @Nullable Running running;
  private int cachedTokens;
  private int filled;
  private int rows;
  private int[] guess = {};
  private int guessed;
  private int accepted;
  private int generated;
  private long started;
  private long firstToken;
  private boolean finished;
  private volatile boolean cancelled;

  /** What an answer needs only between its first step and its end. */
  private static final class Running {
    final TokenChoice choice;
    final @Nullable HeadShares shares;
    final Draft draft;
    @Nullable HeadShares manyShares;
    int lastToken;
    final Runnable release;
    Sequence sequence;

    Running(
        Sequence sequence,
        TokenChoice choice,
        @Nullable HeadShares shares,
        Draft draft,
        Runnable release) {
      this.sequence = sequence;
      this.choice = choice;
      this.shares = shares;
      this.draft = draft;
      this.release = release;
    }
  }

  /**
   * An accepted answer.
   *
   * @param gone called once, just before the listener is told the end
   * @param wake tells the scheduler that something changed
   */
  Answer(
      GenerationTask task,
      GenerationListener listener,
      Tokenizer tokenizer,
      Runnable gone,
      Runnable wake) {
    this.task = task;
    this.gone = gone;
    this.listener = listener;
    this.tokenizer = tokenizer;
    this.wake = wake;
    this.decoder = tokenizer.streamingDecoder();
    this.stops = new StopStrings(task.stop());
    this.shareSums = new double[task.attribution() ? task.contexts().size() : 0];
  }

  @Override
  public void cancel() {
    cancelled = true;
    wake.run();
  }

  /** Whether the caller gave up. */
  boolean cancelled() {
    return cancelled;
  }

  /** Tokens of its own that the answer may come to hold. */
  int ownTokens() {
    return task.query().length + task.maxTokens();
  }

  /**
   * Admits the answer to the next step. Its own states begin small and grow with it, up to {@link
   * #ownTokens()}.
   *
   * @param prefix the shared prefix
   * @param release called when its own states are freed
   */
  void start(@Nullable KvStates prefix, KvLayout layout, Runnable release) {
    KvStates before = task.prefixed() ? prefix : null;
    int prefixTokens = before == null ? 0 : before.tokens();
    int position = prefixTokens + task.contextLength();
    int room = Math.min(ownTokens(), task.query().length + FIRST_ROOM);
    cachedTokens = prefixTokens + task.contexts().stream().mapToInt(KvStates::tokens).sum();
    started = System.nanoTime();
    TokenChoice choice = new TokenChoice(task.sampling(), task.topLogprobs(), tokenizer.size());
    HeadShares shares = shareSums.length == 0 ? null : HeadShares.mean(shareSums.length);
    Draft draft = new Draft(task.lookups());
    // Last, so that nothing that runs out of memory can leave it open.
    KvStates own = KvStates.allocate(layout, room);
    Sequence sequence =
        new Sequence(
            before,
            task.contexts(),
            task.combination(),
            own,
            position,
            task.attentionTemperature(),
            task.scalingFactor());
    running = new Running(sequence, choice, shares, draft, release);
  }

  /** Doubles the room of the answer's own states when it is used up. */
  private void makeRoom(Running now, int tokens) {
    Sequence sequence = now.sequence;
    KvStates own = sequence.own();
    if (tokens <= own.tokens()) {
      return;
    }
    KvStates larger = own.resized(Math.min(ownTokens(), 2 * own.tokens()));
    own.close();
    now.sequence =
        new Sequence(
            sequence.prefix(),
            sequence.contexts(),
            sequence.combination(),
            larger,
            sequence.start(),
            sequence.attentionTemperature(),
            sequence.scalingFactor());
  }

  private Running running() {
    if (running == null) {
      throw new IllegalStateException("not started");
    }
    return running;
  }

  /** Whether the query is still being read. */
  boolean reading() {
    return filled < task.query().length;
  }

  /** Guesses at most so many tokens behind the next one, to be computed in the same step. */
  void guess(int most) {
    Running now = running();
    int affordable = cachedTokens > MOST_CACHED ? 0 : most;
    if (affordable == 0) {
      now.choice.oneRow();
    }
    guess = now.draft.next(Math.min(affordable, task.maxTokens() - generated - 1));
  }

  @Override
  public int remaining() {
    return reading() ? task.query().length - filled : 1 + guess.length;
  }

  @Override
  public Slice slice(int count) {
    Running now = running();
    rows = count;
    makeRoom(now, filled + count);
    if (!reading()) {
      return writing(now);
    }
    int end = filled + count;
    int[] tokens = Arrays.copyOfRange(task.query(), filled, end);
    return end == task.query().length
        ? now.choice.slice(now.sequence, filled, tokens, 1, now.shares)
        : new Slice(now.sequence, filled, tokens, null, null);
  }

  private Slice writing(Running now) {
    int[] tokens = new int[1 + guess.length];
    tokens[0] = now.lastToken;
    System.arraycopy(guess, 0, tokens, 1, guess.length);
    HeadShares shares = now.shares;
    if (guess.length > 0 && shares != null) {
      shares = HeadShares.eachRow(tokens.length, shareSums.length);
      now.manyShares = shares;
    }
    return now.choice.slice(now.sequence, filled, tokens, tokens.length, shares);
  }

  @Override
  public void advance() {
    Running now = running();
    if (guess.length > 0) {
      judge(now);
      return;
    }
    filled += rows;
    if (!reading()) {
      choose(now, 0);
    }
  }

  /**
   * Goes on as if every row had come in a step of its own, up to the first guess that is wrong, or
   * the end: the rows behind it are forgotten, and their keys and values overwritten.
   */
  private void judge(Running now) {
    int[] guesses = guess;
    guess = new int[0];
    guessed += guesses.length;
    int before = accepted;
    for (int row = 0; row <= guesses.length; row++) {
      filled++;
      takeShares(now, row);
      accepted = before + row;
      choose(now, row);
      if (finished || cancelled || row == guesses.length || now.lastToken != guesses[row]) {
        break;
      }
    }
    now.draft.judged(guesses.length, accepted - before);
  }

  private void takeShares(Running now, int row) {
    if (now.shares != null && now.manyShares != null) {
      System.arraycopy(now.manyShares.of(row), 0, now.shares.of(0), 0, shareSums.length);
    }
  }

  private void choose(Running now, int row) {
    TokenChoice choice = now.choice;
    int token = choice.next(row);
    now.lastToken = token;
    now.draft.append(token);
    if (generated++ == 0) {
      firstToken = System.nanoTime();
    }
    if (now.shares != null) {
      for (int i = 0; i < shareSums.length; i++) {
        shareSums[i] += now.shares.of(0)[i];
      }
    }
    if (tokenizer.endOfGeneration().contains(token)) {
      end(FinishReason.STOP, rest());
      return;
    }
    String visible = stops.add(decoder.append(token));
    listener.onToken(
        new GeneratedToken(token, visible, choice.logProbability(token), alternatives(choice)));
    if (stops.stopped()) {
      end(FinishReason.STOP, "");
    } else if (generated == task.maxTokens()) {
      end(FinishReason.LENGTH, rest());
    }
  }

  private String rest() {
    return stops.add(decoder.finish()) + stops.end();
  }

  private List<Alternative> alternatives(TokenChoice choice) {
    if (task.topLogprobs() == 0) {
      return List.of();
    }
    List<Alternative> top = new ArrayList<>(task.topLogprobs());
    for (int token : choice.best()) {
      String text = new String(tokenizer.bytes(token), StandardCharsets.UTF_8);
      top.add(new Alternative(token, text, choice.logProbability(token)));
    }
    return top;
  }

  /** Frees everything and tells the listener, unless the answer has ended already. */
  void end(FinishReason reason, String text) {
    if (free()) {
      tell(() -> listener.onEnd(result(reason, text)));
    }
  }

  @Override
  public void fail(RuntimeException error) {
    if (free()) {
      tell(() -> listener.onError(error));
    }
  }

  @Override
  public boolean finished() {
    return finished;
  }

  private boolean free() {
    if (finished) {
      return false;
    }
    finished = true;
    if (running != null) {
      running.sequence.own().close();
      running.release.run();
      running = null;
    }
    gone.run();
    return true;
  }

  private static void tell(Runnable end) {
    try {
      end.run();
    } catch (Throwable e) {
      LOG.warn("A generation's listener failed at its end", e);
    }
  }

  private GenerationResult result(FinishReason reason, String text) {
    long now = System.nanoTime();
    double[] shares = shareSums.clone();
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= Math.max(1, generated);
    }
    return new GenerationResult(
        reason,
        text,
        Math.min(filled, task.query().length),
        cachedTokens,
        generated,
        guessed,
        accepted,
        shares,
        Duration.ofNanos((started == 0 ? now : started) - arrived),
        Duration.ofNanos((generated == 0 ? now : firstToken) - arrived),
        Duration.ofNanos(now - arrived));
  }
}
