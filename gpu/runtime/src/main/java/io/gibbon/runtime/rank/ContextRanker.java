package io.gibbon.runtime.rank;

import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Ranks contexts by how much a question is about them, from their cached KV states alone. Of a
 * question of more than {@value #MOST_TOKENS} tokens the end is read: it is what it is about.
 * Thread-safe as its reader is.
 */
public final class ContextRanker {

  /** Tokens of a question that are read. */
  public static final int MOST_TOKENS = 256;

  /**
   * Contexts whose likelihood is read after one pass over all: fewer chose the same first ones as
   * all did, and reading is what choosing costs.
   */
  private static final int SHORTLIST = 6;

  /**
   * Nats that one of the logarithm of a share counts. Likelihood adds up over a question's tokens,
   * most of which say nothing about the context, so it varies much more than a share does.
   */
  private static final double NATS = 8;

  /** Of the pass over all contexts. */
  private static final double TEMPERATURE = 0.9;

  /** Of a reading over two contexts. */
  private static final double PAIR_TEMPERATURE = 0.8;

  private static final double LEAST_SHARE = 1e-9;

  private final ContextReader reader;

  /** A ranker that reads with a reader. */
  public ContextRanker(ContextReader reader) {
    this.reader = reader;
  }

  /**
   * Query likelihood: the log-probability of the question given each context alone. Reads the
   * question once for each context.
   *
   * @param question at least two tokens
   */
  public Ranking byLikelihood(List<KvStates> contexts, int[] question) {
    List<Reading> alone = contexts.stream().map(Reading::alone).toList();
    return new Ranking(reader.logProbabilities(alone, end(question), 1));
  }

  /**
   * By the attention of heads and by likelihood: one pass over all contexts, no deeper than the
   * heads lie, finds the {@value #SHORTLIST} contexts that the question attends to most; of these
   * the likelihood is read too. The others follow them, by attention.
   *
   * @param question at least two tokens
   * @param heads at least one
   */
  public Ranking byAttention(List<KvStates> contexts, int[] question, List<Head> heads) {
    double[] shares = shares(contexts, end(question), heads);
    return ranking(shares, shares, end(question), i -> Reading.alone(contexts.get(i)));
  }

  /**
   * The second of two hops: by what the question, together with the best context, is about. One
   * pass of that context's words and the question over the other contexts tells which they attend
   * to; of the {@value #SHORTLIST} with the greatest product of that share and the first hop's, the
   * question's likelihood given the best context and them is read too.
   *
   * @param first what {@link #byAttention} says of the same contexts; its best one stays first,
   *     with infinite score
   * @param words tokens of the best context
   * @param question at least two tokens
   * @param heads at least one
   */
  public Ranking behind(
      Ranking first, int[] words, List<KvStates> contexts, int[] question, List<Head> heads) {
    int best = first.order().getFirst();
    List<Integer> others = first.order().stream().skip(1).sorted().toList();
    int[] end = end(question);
    int[] joined = IntStream.concat(IntStream.of(words), IntStream.of(end)).toArray();
    double[] shares = shares(others.stream().map(contexts::get).toList(), joined, heads);
    double[] products = new double[shares.length];
    Arrays.setAll(products, i -> shares[i] * first.preferences()[others.get(i)]);
    return ranking(shares, products, end, i -> pair(contexts, best, others.get(i)))
        .with(best, Double.POSITIVE_INFINITY);
  }

  private static Reading pair(List<KvStates> contexts, int best, int other) {
    return new Reading(List.of(contexts.get(best), contexts.get(other)), PAIR_TEMPERATURE, 1);
  }

  /**
   * By shares and the question's likelihood, where that is worth reading.
   *
   * @param promise of each context: of the {@value #SHORTLIST} greatest, likelihood is read
   * @param reading what it is read over, by context
   */
  private Ranking ranking(
      double[] shares, double[] promise, int[] question, IntFunction<Reading> reading) {
    List<Integer> shortlist = new Ranking(promise).best(SHORTLIST);
    List<Reading> readings = shortlist.stream().map(reading::apply).toList();
    double[] likelihood = reader.logProbabilities(readings, question, 1);
    double[] scores = new double[shares.length];
    Arrays.fill(scores, Double.NEGATIVE_INFINITY);
    for (int i = 0; i < likelihood.length; i++) {
      int context = shortlist.get(i);
      scores[context] = likelihood[i] + NATS * Math.log(Math.max(LEAST_SHARE, shares[context]));
    }
    return new Ranking(scores, promise);
  }

  private static int[] end(int[] question) {
    return Arrays.copyOfRange(
        question, Math.max(0, question.length - MOST_TOKENS), question.length);
  }

  /** The share of the question's attention that falls on each context, the mean over some heads. */
  public double[] shares(List<KvStates> contexts, int[] question, List<Head> heads) {
    float[][] shares = reader.shares(new Reading(contexts, TEMPERATURE, 1), question, heads);
    double[] means = new double[contexts.size()];
    for (float[] ofHead : shares) {
      for (int i = 0; i < means.length; i++) {
        means[i] += ofHead[i] / shares.length;
      }
    }
    return means;
  }
}
