package io.gibbon.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
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
 * @param goal the value that is asked for, or null
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

  /** A figure without a peer, from the values of all repetitions. */
  static BenchResult of(String name, String unit, @Nullable Double goal, double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double median = sorted[sorted.length / 2];
    double spread = (sorted[sorted.length - 1] - sorted[0]) / median;
    return new BenchResult(name, median, unit, null, null, null, goal, values.length, spread);
  }
}
