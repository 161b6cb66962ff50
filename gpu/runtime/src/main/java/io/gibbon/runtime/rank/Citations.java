package io.gibbon.runtime.rank;

import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which context a part of an answer comes from, by the attention of a few heads: that of the
 * question tells it best, that of the part's own tokens tells parts apart.
 */
public final class Citations {

  /** How much the answer's own attention counts, as a power. */
  private static final double ANSWER = 0.25;

  private static final double LEAST_SHARE = 1e-9;

  private Citations() {}

  /**
   * How much of each part comes from each context; adds up to 1. Reads query and answer once more,
   * no deeper than the heads lie.
   *
   * @param query at least two tokens
   * @param answer tokens of the answer
   * @param ends index after the last token of each part; rising, the last one at most the answer's
   *     length
   */
  public static List<double[]> shares(
      ContextReader reader,
      Reading reading,
      int[] query,
      int[] answer,
      List<Integer> ends,
      List<Head> heads) {
    int[] tokens = IntStream.concat(IntStream.of(query), IntStream.of(answer)).toArray();
    // The row that predicts a token is the one before it.
    int first = query.length - 1;
    List<int[]> parts = new ArrayList<>();
    parts.add(Arrays.copyOf(tokens, first));
    int from = first;
    for (int end : ends) {
      parts.add(Arrays.copyOfRange(tokens, from, first + end));
      from = first + end;
    }
    List<double[]> means =
        reader.shares(reading, parts, heads).stream().map(Citations::mean).toList();
    return means.stream().skip(1).map(part -> combined(means.getFirst(), part)).toList();
  }

  /** What question and part say together. */
  static double[] combined(double[] question, double[] part) {
    double[] shares = new double[question.length];
    for (int i = 0; i < shares.length; i++) {
      shares[i] =
          Math.max(LEAST_SHARE, question[i]) * Math.pow(Math.max(LEAST_SHARE, part[i]), ANSWER);
    }
    double sum = Arrays.stream(shares).sum();
    return Arrays.stream(shares).map(share -> share / sum).toArray();
  }

  /** Mean over heads. */
  private static double[] mean(float[][] shares) {
    double[] mean = new double[shares[0].length];
    for (float[] ofHead : shares) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += ofHead[i] / shares.length;
      }
    }
    return mean;
  }
}
