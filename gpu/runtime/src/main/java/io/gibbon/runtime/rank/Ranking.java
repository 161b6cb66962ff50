package io.gibbon.runtime.rank;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Contexts in the order of their scores.
 *
 * @param scores of each context; more is better. Differences are in nats where likelihood was read;
 *     negative infinity where it was not thought worth it, infinity of one that was chosen before
 * @param preferences of each context; more comes first where scores are equal
 */
public record Ranking(double[] scores, double[] preferences) {

  /** A ranking by scores alone: of equal ones the first comes first. */
  public Ranking(double[] scores) {
    this(scores, scores);
  }

  /** The same with another context at an index; those from there on move up by one. */
  Ranking with(int index, double score) {
    return new Ranking(inserted(scores, index, score), inserted(preferences, index, score));
  }

  private static double[] inserted(double[] values, int index, double value) {
    double[] longer = Arrays.copyOf(values, values.length + 1);
    System.arraycopy(values, index, longer, index + 1, values.length - index);
    longer[index] = value;
    return longer;
  }

  /** Indices by descending score, equal ones by preference; if that is equal, the first first. */
  public List<Integer> order() {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(i -> -scores[i])
                .thenComparingDouble(i -> -preferences[i]))
        .toList();
  }

  /**
   * The best ones.
   *
   * @param keep how many if it is 1 or more; below 1, as many as it takes to have that much of the
   *     probability, that the scores are logarithms of
   */
  public List<Integer> best(double keep) {
    List<Integer> order = order();
    if (keep >= 1) {
      return order.subList(0, (int) Math.min(keep, order.size()));
    }
    double greatest = order.isEmpty() ? 0 : scores[order.getFirst()];
    double total = IntStream.range(0, scores.length).mapToDouble(i -> weight(i, greatest)).sum();
    double sum = 0;
    int count = 0;
    while (count < order.size() && sum < keep * total) {
      sum += weight(order.get(count++), greatest);
    }
    return order.subList(0, count);
  }

  /**
   * How contexts, best first, stand in one prompt: the best one last, next to the question, which
   * measured better than first.
   */
  public static <T> List<T> inPrompt(List<T> bestFirst) {
    return bestFirst.reversed();
  }

  private double weight(int index, double greatest) {
    double weight = Math.exp(scores[index] - greatest);
    return Double.isNaN(weight) ? 0 : weight;
  }
}
