package io.gibbon.runtime.rank;

import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.LogProbabilities;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads tokens over cached contexts: their log-probabilities, and where their attention falls.
 * Nothing is kept; what it holds meanwhile counts against the budget of KV states, and where that
 * leaves no room it throws as {@link KvCache#reserve}. Thread-safe if its steps are; callers keep
 * the contexts open meanwhile.
 */
public final class ContextReader {

  /** Rows of one step: bounds the time that answers wait. */
  private static final int STEP_ROWS = 128;

  /** Readings whose states are open at once: bounds their memory. */
  private static final int READINGS = 8;

  /** Rows of one step whose logits are wanted: bounds their memory. */
  private static final int LOGIT_ROWS = 64;

  private final Steps steps;
  private final KvLayout layout;
  private final int vocabulary;
  private final @Nullable KvStates prefix;
  private final KvCache budget;

  /**
   * @param layout of the contexts
   * @param vocabulary tokens of the model
   * @param prefix what stands in front of every context, or null
   * @param budget that what is read counts against
   */
  public ContextReader(
      Steps steps, KvLayout layout, int vocabulary, @Nullable KvStates prefix, KvCache budget) {
    this.steps = steps;
    this.layout = layout;
    this.vocabulary = vocabulary;
    this.prefix = prefix;
    this.budget = budget;
  }

  /**
   * The same reader for somebody who may leave.
   *
   * @param wanted asked before every step; once it says no, reading throws {@link
   *     java.util.concurrent.CancellationException}
   */
  public ContextReader asLongAs(BooleanSupplier wanted) {
    return new ContextReader(steps.asLongAs(wanted), layout, vocabulary, prefix, budget);
  }

  /** A sequence whose own states are open, and counted, until it is closed. */
  private record Open(Sequence sequence, KvCache budget) implements AutoCloseable {

    @Override
    public void close() {
      long bytes = sequence.own().memory().byteSize();
      sequence.own().close();
      budget.release(bytes);
    }
  }

  /**
   * What to read over.
   *
   * @param contexts attended to together; may be empty
   * @param combination how they were encoded: apart, or one behind the other
   * @param temperature APE's T
   * @param scalingFactor APE's S
   */
  public record Reading(
      List<KvStates> contexts, Combination combination, double temperature, double scalingFactor) {

    /** Contexts apart. */
    public Reading(List<KvStates> contexts, double temperature, double scalingFactor) {
      this(contexts, Combination.APE, temperature, scalingFactor);
    }

    /**
     * A sequence over the contexts. Its own tokens come behind all of them.
     *
     * @param prefix in front of the contexts, or null
     * @param own room for its own tokens
     */
    public Sequence sequence(@Nullable KvStates prefix, KvStates own) {
      int before = prefix == null ? 0 : prefix.tokens();
      int start = before + combination.length(contexts);
      return new Sequence(prefix, contexts, combination, own, start, temperature, scalingFactor);
    }

    /** One context alone, which APE with T = S = 1 reads as sequential attention does. */
    public static Reading alone(KvStates context) {
      return new Reading(List.of(context), 1, 1);
    }
  }

  /**
   * For each reading the natural logarithm of the probability of the tokens from {@code from} on,
   * given those before them; added up.
   *
   * @param tokens at least two
   * @param from at least 1: nothing predicts the first token
   */
  public double[] logProbabilities(List<Reading> readings, int[] tokens, int from) {
    double[] all = new double[readings.size()];
    for (int first = 0; first < all.length; first += READINGS) {
      int end = Math.min(all.length, first + READINGS);
      double[] some = logProbabilitiesAtOnce(readings.subList(first, end), tokens, from);
      System.arraycopy(some, 0, all, first, some.length);
    }
    return all;
  }

  private double[] logProbabilitiesAtOnce(List<Reading> readings, int[] tokens, int from) {
    List<Open> open = new ArrayList<>();
    try {
      readings.forEach(reading -> open.add(open(reading, tokens.length)));
      return logProbabilities(open.stream().map(Open::sequence).toList(), from, tokens);
    } finally {
      open.forEach(Open::close);
    }
  }

  private double[] logProbabilities(List<Sequence> sequences, int from, int[] tokens) {
    double[] sums = new double[sequences.size()];
    read(sequences, Arrays.copyOf(tokens, from - 1));
    int rows = Math.max(1, LOGIT_ROWS / Math.max(1, sums.length));
    float[][] logits = new float[sums.length][rows * vocabulary];
    for (int first = from - 1; first < tokens.length - 1; first += rows) {
      int end = Math.min(tokens.length - 1, first + rows);
      List<Slice> slices = new ArrayList<>();
      for (int i = 0; i < sums.length; i++) {
        int[] some = Arrays.copyOfRange(tokens, first, end);
        slices.add(new Slice(sequences.get(i), first, some, logits[i], null));
      }
      steps.run(slices);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += sum(logits[i], Arrays.copyOfRange(tokens, first + 1, end + 1));
      }
    }
    return sums;
  }

  /** Reads the same first tokens in all sequences. */
  private void read(List<Sequence> sequences, int[] tokens) {
    int rows = Math.max(1, STEP_ROWS / Math.max(1, sequences.size()));
    for (int first = 0; first < tokens.length; first += rows) {
      int[] some = Arrays.copyOfRange(tokens, first, Math.min(tokens.length, first + rows));
      int from = first;
      steps.run(sequences.stream().map(s -> new Slice(s, from, some, null, null)).toList());
    }
  }

  /** Log-probability of tokens, each predicted by its row. */
  private double sum(float[] logits, int[] tokens) {
    LogProbabilities probabilities = new LogProbabilities();
    double sum = 0;
    for (int i = 0; i < tokens.length; i++) {
      probabilities.read(Arrays.copyOfRange(logits, i * vocabulary, (i + 1) * vocabulary));
      sum += probabilities.of(tokens[i]);
    }
    return sum;
  }

  /**
   * Attention shares of single heads, the mean over the tokens. Layers beyond the deepest of the
   * heads do not run.
   *
   * @return by head, then by context
   */
  public float[][] shares(Reading reading, int[] tokens, List<Head> heads) {
    return shares(reading, List.of(tokens), heads).getFirst();
  }

  /**
   * The same for tokens that follow each other, part by part.
   *
   * @param parts none empty
   */
  public List<float[][]> shares(Reading reading, List<int[]> parts, List<Head> heads) {
    List<float[][]> shares = new ArrayList<>();
    int total = parts.stream().mapToInt(part -> part.length).sum();
    try (Open open = open(reading, total)) {
      int filled = 0;
      for (int[] part : parts) {
        shares.add(shares(open.sequence(), filled, part, heads));
        filled += part.length;
      }
    }
    return shares;
  }

  /** The mean over the rows of a part, which may take several steps. */
  private float[][] shares(Sequence sequence, int filled, int[] part, List<Head> heads) {
    float[][] mean = new float[heads.size()][sequence.contexts().size()];
    for (int first = 0; first < part.length; first += STEP_ROWS) {
      int[] some = Arrays.copyOfRange(part, first, Math.min(part.length, first + STEP_ROWS));
      HeadShares wanted = HeadShares.each(heads, sequence.contexts().size());
      steps.run(List.of(new Slice(sequence, filled + first, some, null, wanted)));
      float weight = (float) some.length / part.length;
      for (int head = 0; head < mean.length; head++) {
        for (int context = 0; context < mean[head].length; context++) {
          mean[head][context] += weight * wanted.of(head)[context];
        }
      }
    }
    return mean;
  }

  private Open open(Reading reading, int tokens) {
    KvLayout working = layout.working();
    long bytes = working.bytes(tokens);
    budget.reserve(bytes, 0);
    try {
      return new Open(reading.sequence(prefix, KvStates.allocate(working, tokens)), budget);
    } catch (RuntimeException | Error e) {
      budget.release(bytes);
      throw e;
    }
  }
}
