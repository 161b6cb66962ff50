package io.gibbon.runtime.schedule;

import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.sampling.LogProbabilities;
import io.gibbon.runtime.sampling.Sampler;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.runtime.sampling.TopLogits;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How an answer comes to its tokens: asks steps for no more logits than its sampling depends on,
 * and chooses. Used by one thread at a time.
 */
final class TokenChoice {

  private static final float[] NONE = {};

  private final int vocabulary;
  private final int alternatives;
  private final int depth;
  private final Sampler sampler;
  private final LogProbabilities probabilities = new LogProbabilities();
  private final float[] logits;
  private float[] manyLogits = NONE;
  private @Nullable TopLogits top;
  private int row;
  private boolean many;

  /**
   * Chooses as the sampling says.
   *
   * @param alternatives how many of the most probable tokens are to be known beside the chosen one
   */
  TokenChoice(Sampling sampling, int alternatives, int vocabulary) {
    this.vocabulary = vocabulary;
    this.alternatives = alternatives;
    int needed = Sampler.depth(sampling);
    this.depth = needed == 0 ? 0 : Math.max(needed, alternatives);
    this.logits = new float[depth == 0 ? vocabulary : 0];
    this.sampler = new Sampler(sampling, depth == 0 ? vocabulary : depth);
  }

  /**
   * A slice that asks for the logits of its last rows.
   *
   * @param rows one, or as many as there are tokens
   */
  Slice slice(Sequence sequence, int first, int[] tokens, int rows, @Nullable HeadShares shares) {
    if (depth > 0) {
      top = new TopLogits(rows, depth);
      return new Slice(sequence, first, tokens, null, top, shares);
    }
    many = rows > 1;
    if (many && manyLogits.length < rows * vocabulary) {
      manyLogits = new float[rows * vocabulary];
    }
    return new Slice(sequence, first, tokens, many ? manyLogits : logits, shares);
  }

  /** Frees what only slices of several rows need. */
  void oneRow() {
    manyLogits = NONE;
  }

  /**
   * The token that follows a row of the latest slice.
   *
   * @throws ArithmeticException if the row's logits are no distribution
   */
  int next(int row) {
    this.row = row;
    if (top != null) {
      top.logSumExp(row);
      return top.token(row, sampler.next(top.values(row)));
    }
    if (many) {
      System.arraycopy(manyLogits, row * vocabulary, logits, 0, vocabulary);
    }
    probabilities.read(logits);
    return sampler.next(logits);
  }

  /** The most probable tokens of the row that the latest token follows, most probable first. */
  int[] best() {
    TopLogits found = top;
    return found == null
        ? probabilities.top(alternatives)
        : IntStream.range(0, Math.min(alternatives, found.size(row)))
            .map(rank -> found.token(row, rank))
            .toArray();
  }

  /** Natural logarithm of the probability of the latest token, or of one of {@link #best}. */
  double logProbability(int token) {
    if (top == null) {
      return probabilities.of(token);
    }
    int rank = 0;
    while (top.token(row, rank) != token) {
      rank++;
    }
    return top.logit(row, rank) - top.logSumExp(row);
  }
}
