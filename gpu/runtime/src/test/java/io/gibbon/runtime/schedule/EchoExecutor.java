package io.gibbon.runtime.schedule;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.RowRange;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.LogProbabilities;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;

/**
 * Answers every query with the query itself, then ends. Checks that slices follow each other
 * without gaps, and remembers every step. Sequences with T = 1 are taken for encodings.
 */
final class EchoExecutor implements Executor {

  /** A token that no step survives. */
  static final int POISON = 5;

  /** Breaks the executor itself. */
  static final int FATAL = 7;

  /** A first token of a query after which logits are no numbers. */
  static final int UNDEFINED = 6;

  private final int end;
  private final int vocabulary;
  private final LogProbabilities probabilities = new LogProbabilities();
  private final List<Echo> sequences = new ArrayList<>();
  private final List<KvStates> seen = new CopyOnWriteArrayList<>();
  private final List<Step> steps = new CopyOnWriteArrayList<>();
  private final Semaphore permits = new Semaphore(0);
  private volatile boolean stepwise;

  /** Rows of a step: of answers and of encodings. */
  record Step(int answerRows, int encodingRows) {}

  private static final class Echo {
    final List<Integer> tokens = new ArrayList<>();
    int query;
  }

  EchoExecutor(int end, int vocabulary) {
    this.end = end;
    this.vocabulary = vocabulary;
  }

  /** From now on a step waits for {@link #allow}. */
  void stepwise() {
    stepwise = true;
  }

  void allow(int count) {
    permits.release(count);
  }

  /** No step waits any more. */
  void freely() {
    stepwise = false;
    permits.release(1_000_000);
  }

  List<Step> steps() {
    return steps;
  }

  /** Whether all states that any step wrote are freed. */
  boolean allFreed() {
    return seen.stream().noneMatch(states -> states.memory().scope().isAlive());
  }

  @Override
  public void step(List<Slice> slices) {
    if (stepwise) {
      permits.acquireUninterruptibly();
    }
    for (Slice slice : slices) {
      if (Arrays.stream(slice.tokens()).anyMatch(token -> token == POISON)) {
        throw new IllegalArgumentException("poison");
      }
      if (Arrays.stream(slice.tokens()).anyMatch(token -> token == FATAL)) {
        throw new LinkageError("fatal");
      }
    }
    int encoding = 0;
    int answering = 0;
    for (Slice slice : slices) {
      if (slice.sequence().attentionTemperature() == 1) {
        encoding += slice.tokens().length;
      } else {
        answering += slice.tokens().length;
      }
      run(slice);
    }
    steps.add(new Step(answering, encoding));
  }

  private void run(Slice slice) {
    KvStates own = slice.sequence().own();
    if (!own.memory().scope().isAlive() || slice.first() + slice.tokens().length > own.tokens()) {
      throw new AssertionError("no room");
    }
    Echo echo = echo(own, slice.first() == 0);
    if (slice.first() > echo.tokens.size() || echo.query > 0 && slice.first() < echo.query) {
      throw new AssertionError("gap at " + slice.first());
    }
    echo.tokens.subList(slice.first(), echo.tokens.size()).clear();
    for (int token : slice.tokens()) {
      echo.tokens.add(token);
    }
    if (slice.wantsLogits()) {
      answer(echo, slice);
    }
    if (slice.shares() != null) {
      int arrays = slice.shares().byRow() ? slice.tokens().length : 1;
      for (int i = 0; i < arrays * slice.shares().contexts(); i++) {
        int context = i % slice.shares().contexts();
        slice.shares().of(i / slice.shares().contexts())[context] = 1f / (context + 2);
      }
    }
  }

  /** The states carry the number of their sequence, also when they were copied to grow. */
  private Echo echo(KvStates own, boolean first) {
    if (first) {
      own.memory().set(ValueLayout.JAVA_INT, 0, sequences.size());
      sequences.add(new Echo());
    }
    if (seen.stream().noneMatch(known -> known == own)) {
      seen.add(own);
    }
    return sequences.get(own.memory().get(ValueLayout.JAVA_INT, 0));
  }

  private void answer(Echo echo, Slice slice) {
    if (echo.query == 0) {
      echo.query = echo.tokens.size();
    }
    int wanted = RowRange.wantedRows(slice, vocabulary);
    for (int row = 0; row < wanted; row++) {
      float[] logits = new float[vocabulary];
      int at = echo.tokens.size() - wanted + 1 + row - echo.query;
      logits[at < echo.query ? echo.tokens.get(at) : end] = 20;
      if (echo.tokens.getFirst() == UNDEFINED) {
        logits[0] = Float.NaN;
      }
      if (slice.top() != null) {
        slice.top().read(row, logits, probabilities);
      } else {
        System.arraycopy(logits, 0, slice.logits(), row * vocabulary, vocabulary);
      }
    }
  }

  @Override
  public void close() {}
}
