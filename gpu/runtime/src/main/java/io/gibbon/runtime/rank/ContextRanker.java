package io.gibbon.runtime.rank;

import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Scores contexts by how much a question is about them, from their cached KV states alone.
 * Thread-safe as its reader is.
 */
public final class ContextRanker {

  /** Of the joint pass that attention is read from. */
  private static final double TEMPERATURE = 0.9;

  private final ContextReader reader;

  /** A ranker that reads with a reader. */
  public ContextRanker(ContextReader reader) {
    this.reader = reader;
  }

  /**
   * Query likelihood: the log-probability of the question given each context alone, in nats. Reads
   * the question once for each context.
   *
   * @param question at least two tokens
   */
  public double[] byLikelihood(List<KvStates> contexts, int[] question) {
    List<Reading> alone = contexts.stream().map(Reading::alone).toList();
    return reader.logProbabilities(alone, question, 1);
  }

  /**
   * The share of the question's attention that falls on each context, the mean over some heads.
   * Reads the question once over all contexts together, no deeper than the heads lie.
   */
  public double[] byAttention(List<KvStates> contexts, int[] question, List<Head> heads) {
    float[][] shares = reader.shares(new Reading(contexts, TEMPERATURE, 1), question, 0, heads);
    double[] scores = new double[contexts.size()];
    for (float[] ofHead : shares) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] += ofHead[i] / shares.length;
      }
    }
    return scores;
  }

  /** Indices by descending score; of equal ones the first comes first. */
  public static List<Integer> order(double[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -scores[i]))
        .toList();
  }
}
