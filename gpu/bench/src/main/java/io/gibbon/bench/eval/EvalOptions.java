package io.gibbon.bench.eval;

import io.gibbon.runtime.GenerationTask;
import java.util.List;

/**
 * How to evaluate.
 *
 * @param temperature APE's T
 * @param scalingFactor APE's S
 * @param keep how many contexts selections keep, one mode for each
 * @param maxTokens the most tokens of an answer
 * @param modes names of modes beside sequential; empty for all
 */
public record EvalOptions(
    double temperature,
    double scalingFactor,
    List<Integer> keep,
    int maxTokens,
    List<String> modes) {

  private static final int MOST_TOKENS = 512;

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the option and its limits
   */
  public EvalOptions {
    keep = keep.stream().distinct().toList();
    modes = List.copyOf(modes);
    requireFactor("T", temperature);
    requireFactor("S", scalingFactor);
    if (keep.stream().anyMatch(k -> k < 1)) {
      throw new IllegalArgumentException("keep must be at least 1, not " + keep);
    }
    if (maxTokens < 1 || maxTokens > MOST_TOKENS) {
      throw new IllegalArgumentException(
          "max tokens must be between 1 and %d, not %d".formatted(MOST_TOKENS, maxTokens));
    }
  }

  private static void requireFactor(String option, double value) {
    if (!(value >= GenerationTask.LEAST_FACTOR && value <= GenerationTask.GREATEST_FACTOR)) {
      throw new IllegalArgumentException(
          "%s must be between %s and %s, not %s"
              .formatted(
                  option, GenerationTask.LEAST_FACTOR, GenerationTask.GREATEST_FACTOR, value));
    }
  }
}
