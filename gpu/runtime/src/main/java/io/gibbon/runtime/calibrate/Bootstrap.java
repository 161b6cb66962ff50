package io.gibbon.runtime.calibrate;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Intervals by drawing the same items with replacement, many times. Seeded, so repeatable. */
public final class Bootstrap {

  private static final int DRAWS = 2000;

  private final int[][] draws;

  /** Draws of so many items, at least one. */
  public Bootstrap(int items, long seed) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    draws = new int[DRAWS][items];
    for (int[] draw : draws) {
      Arrays.setAll(draw, i -> random.nextInt(items));
    }
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
    return of(draw -> Arrays.stream(draw).mapToDouble(i -> values[i]).sum() / draw.length);
  }

  /** The 95% interval of the ratio of two means, both drawn over the same items. */
  public Interval ofRatio(double[] values, double[] baseline) {
    return of(
        draw -> {
          double sum = 0;
          double other = 0;
          for (int i : draw) {
            sum += values[i];
            other += baseline[i];
          }
          return sum / other;
        });
  }

  private Interval of(ToDoubleFunction<int[]> statistic) {
    double[] drawn =
        Arrays.stream(draws).mapToDouble(statistic).filter(Double::isFinite).sorted().toArray();
    if (drawn.length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    return new Interval(drawn[(int) (0.025 * drawn.length)], drawn[(int) (0.975 * drawn.length)]);
  }
}
