package io.gibbon.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One measured figure.
 *
 * @param name what was measured, such as {@code decode/2048}
 * @param value median of the repetitions
 * @param unit of the value, such as {@code tokens/s}
 * @param peer what it is compared with, or null
 * @param peerValue the peer's figure in the same unit, or null
 * @param ratio how many times better than the peer, or null
 * @param goal the value that is asked for, or the ratio where there is a peer, or null
 * @param repetitions how often it was measured after warming up
 * @param spread (greatest - least) / median of the repetitions
 */
public record BenchResult(
    String name,
    double value,
    String unit,
    @Nullable String peer,
    @JsonProperty("peer_value") @Nullable Double peerValue,
    @Nullable Double ratio,
    @Nullable Double goal,
    int repetitions,
    double spread) {

  private static final Set<String> LESS_IS_BETTER = Set.of("s", "MB", "B/value", "nats");

  /** This figure beside a peer's that is the better the greater it is. */
  BenchResult against(String other, double figure, @Nullable Double ratioGoal) {
    return with(other, figure, value / figure, ratioGoal);
  }

  /** This figure beside a peer's that is the better the smaller it is. */
  BenchResult below(String other, double figure, @Nullable Double ratioGoal) {
    return with(other, figure, figure / value, ratioGoal);
  }

  /** Whether the figure is a time, or bytes. */
  boolean lessIsBetter() {
    return LESS_IS_BETTER.contains(unit);
  }

  private BenchResult with(String other, double figure, double better, @Nullable Double ratioGoal) {
    return new BenchResult(
        name, value, unit, other, figure, better, ratioGoal, repetitions, spread);
  }

  /** A figure without a peer, from the values of all repetitions. */
  public static BenchResult of(String name, String unit, @Nullable Double goal, double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double median = sorted[sorted.length / 2];
    double spread = (sorted[sorted.length - 1] - sorted[0]) / median;
    return new BenchResult(name, median, unit, null, null, null, goal, values.length, spread);
  }
}
