package io.gibbon.runtime.calibrate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/**
 * Intervals by drawing the same groups of items with replacement, many times. Items that belong
 * together, such as questions of one document, are one group: they are drawn together, since they
 * tell less than as many of their own would. Seeded, so repeatable, and all statistics of one
 * instance are of the same draws. Draws are made anew for each, so that millions of items take no
 * more memory than their values.
 */
public final class Bootstrap {

  private static final int DRAWS = 2000;

  private final int[] groups;
  private final int count;
  private final long seed;

  /** Draws of so many items, at least one, each on its own. */
  public Bootstrap(int items, long seed) {
    this(IntStream.range(0, items).toArray(), items, seed);
  }

  private Bootstrap(int[] groups, int count, long seed) {
    this.groups = groups;
    this.count = count;
    this.seed = seed;
  }

  /** Draws of items that belong to these groups, at least one. */
  public static Bootstrap ofGroups(List<?> groups, long seed) {
    Map<Object, Integer> numbers = new HashMap<>();
    int[] byItem = new int[groups.size()];
    for (int i = 0; i < byItem.length; i++) {
      byItem[i] = numbers.computeIfAbsent(groups.get(i), group -> numbers.size());
    }
    return new Bootstrap(byItem, numbers.size(), seed);
  }

  /**
   * An interval.
   *
   * @param low 2.5% of the draws lie below
   * @param high 2.5% of the draws lie above
   */
  public record Interval(double low, double high) {}

  /** The 95% interval of the mean. */
  public Interval ofMean(double[] values) {
    double[] ones = new double[values.length];
    Arrays.fill(ones, 1);
    return ofRatio(values, ones);
  }

  /**
   * The 95% interval of the ratio of two sums, both drawn over the same items. It is infinite above
   * where a draw in forty or more has nothing in the baseline; draws with nothing in either are
   * left out.
   */
  public Interval ofRatio(double[] values, double[] baseline) {
    double[] sums = byGroup(values);
    double[] others = byGroup(baseline);
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    double[] drawn =
        IntStream.range(0, DRAWS)
            .mapToDouble(draw -> drawn(sums, others, random))
            .filter(ratio -> !Double.isNaN(ratio))
            .sorted()
            .toArray();
    if (drawn.length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    int beyond = (int) (0.025 * drawn.length);
    return new Interval(drawn[beyond], drawn[drawn.length - 1 - beyond]);
  }

  private static double drawn(double[] sums, double[] others, RandomGenerator random) {
    double sum = 0;
    double other = 0;
    for (int i = 0; i < sums.length; i++) {
      int group = random.nextInt(sums.length);
      sum += sums[group];
      other += others[group];
    }
    return sum / other;
  }

  private double[] byGroup(double[] values) {
    double[] sums = new double[count];
    for (int i = 0; i < values.length; i++) {
      sums[groups[i]] += values[i];
    }
    return sums;
  }
}
