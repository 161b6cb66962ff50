package io.gibbon.bench.eval;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.sampling.LogProbabilities;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One query over several views of its contexts at once: read once in each, then answered as often
 * as wanted. What a view says does not depend on the others. Used by one thread; closing frees the
 * query's states, not the contexts'.
 */
final class Asking implements AutoCloseable {

  /** Rows of one step: more are no faster. */
  private static final int STEP_ROWS = 256;

  /** Rows of one step whose logits are wanted, all views together: bounds their memory. */
  private static final int LOGIT_ROWS = 64;

  private final ModelRuntime runtime;
  private final int vocabulary;
  private final int[] query;
  private final List<Sequence> sequences = new ArrayList<>();

  /**
   * What is attended to.
   *
   * @param prefix in front of the contexts, or null
   */
  record View(@Nullable KvStates prefix, Reading reading) {}

  /**
   * How probable an answer is.
   *
   * @param logprob sum over its tokens, in nats
   * @param divergence Kullback-Leibler divergence of what predicts these tokens from the first
   *     view's, their mean, in nats
   */
  record Probability(double logprob, double divergence) {}

  /**
   * Reads the query.
   *
   * @param query at least one token
   * @param most the most tokens of an answer
   */
  Asking(ModelRuntime runtime, List<View> views, int[] query, int most) {
    this.runtime = runtime;
    this.vocabulary = runtime.tokenizer().size();
    this.query = query;
    try {
      for (View view : views) {
        int room = query.length + most;
        KvStates own = KvStates.allocate(runtime.profile().layout().working(), room);
        sequences.add(view.reading().sequence(view.prefix(), own));
      }
      readQuery();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** All but the last token, which is read with each answer. */
  private void readQuery() {
    int rows = Math.max(1, STEP_ROWS / sequences.size());
    for (int first = 0; first < query.length - 1; first += rows) {
      int[] some = Arrays.copyOfRange(query, first, Math.min(query.length - 1, first + rows));
      int at = first;
      runtime.probe(sequences.stream().map(s -> new Slice(s, at, some, null, null)).toList());
    }
  }

  /**
   * How probable an answer is in each view.
   *
   * @param answer at least one token
   */
  List<Probability> probabilities(int[] answer) {
    int[] tokens =
        IntStream.concat(IntStream.of(query[query.length - 1]), IntStream.of(answer)).toArray();
    double[] logprobs = new double[sequences.size()];
    double[] divergences = new double[sequences.size()];
    int rows = Math.min(answer.length, Math.max(1, LOGIT_ROWS / sequences.size()));
    float[][] logits = new float[sequences.size()][rows * vocabulary];
    for (int first = 0; first < answer.length; first += rows) {
      int[] some = Arrays.copyOfRange(tokens, first, Math.min(answer.length, first + rows));
      List<Slice> slices = new ArrayList<>();
      for (int view = 0; view < logits.length; view++) {
        slices.add(
            new Slice(sequences.get(view), query.length - 1 + first, some, logits[view], null));
      }
      runtime.probe(slices);
      for (int row = 0; row < some.length; row++) {
        add(logits, row, answer[first + row], logprobs, divergences);
      }
    }
    return IntStream.range(0, logprobs.length)
        .mapToObj(view -> new Probability(logprobs[view], divergences[view] / answer.length))
        .toList();
  }

  /** Adds what one row of each view says of a token. */
  private void add(float[][] logits, int row, int token, double[] logprobs, double[] divergences) {
    LogProbabilities base = row(logits[0], row);
    for (int view = 0; view < logits.length; view++) {
      LogProbabilities own = row(logits[view], row);
      logprobs[view] += own.of(token);
      divergences[view] += view == 0 ? 0 : divergence(base, own);
    }
  }

  private LogProbabilities row(float[] logits, int row) {
    LogProbabilities probabilities = new LogProbabilities();
    probabilities.read(Arrays.copyOfRange(logits, row * vocabulary, (row + 1) * vocabulary));
    return probabilities;
  }

  private double divergence(LogProbabilities base, LogProbabilities other) {
    double sum = 0;
    for (int token = 0; token < vocabulary; token++) {
      double p = base.of(token);
      sum += Math.exp(p) * (p - other.of(token));
    }
    return sum;
  }

  /**
   * The most probable continuation in each view, token by token.
   *
   * @param most the most tokens
   * @param end tokens that end it and are not part of it
   */
  List<int[]> continuations(int most, Set<Integer> end) {
    List<Writing> all = sequences.stream().map(s -> new Writing(s, most)).toList();
    List<Writing> open = all;
    for (int written = 0; written < most && !open.isEmpty(); written++) {
      runtime.probe(open.stream().map(Writing::slice).toList());
      open = open.stream().filter(writing -> writing.advance(end)).toList();
    }
    return all.stream().map(Writing::tokens).toList();
  }

  /** One view's answer on its way. */
  private final class Writing {

    private final Sequence sequence;
    private final float[] logits = new float[vocabulary];
    private final int[] written;
    private int count;

    Writing(Sequence sequence, int most) {
      this.sequence = sequence;
      this.written = new int[most];
    }

    Slice slice() {
      int last = count == 0 ? query[query.length - 1] : written[count - 1];
      return new Slice(sequence, query.length - 1 + count, new int[] {last}, logits, null);
    }

    /** Takes the most probable token; whether the answer goes on. */
    boolean advance(Set<Integer> end) {
      int best = 0;
      for (int i = 1; i < vocabulary; i++) {
        best = logits[i] > logits[best] ? i : best;
      }
      if (end.contains(best)) {
        return false;
      }
      written[count++] = best;
      return true;
    }

    int[] tokens() {
      return Arrays.copyOf(written, count);
    }
  }

  @Override
  public void close() {
    sequences.forEach(sequence -> sequence.own().close());
  }
}
