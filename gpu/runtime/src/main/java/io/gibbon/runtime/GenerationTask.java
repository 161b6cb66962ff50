package io.gibbon.runtime;

import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.LogProbabilities;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.runtime.sampling.StopStrings;
import java.util.List;

/**
 * What to answer, and how.
 *
 * @param contexts KV states to attend to, of the runtime's own profile; the caller keeps them open
 *     until the listener has been told the end
 * @param combination how the contexts were encoded: apart, or one behind the other
 * @param prefixed whether the shared prefix comes first; always true with contexts, false for a
 *     bare completion
 * @param query token ids after the contexts; at least one
 * @param attentionTemperature APE's T, {@value #LEAST_FACTOR} to {@value #GREATEST_FACTOR}; 1 for
 *     contexts in order
 * @param scalingFactor APE's S, as T
 * @param sampling how the next token is chosen
 * @param maxTokens the most tokens to generate, at least 1
 * @param stop strings that end the answer and are not part of it
 * @param topLogprobs how many alternatives each token reports, 0 to 20
 * @param attribution whether attention shares are wanted
 * @param lookups token ids of texts that the answer may repeat: where its last tokens occur in one
 *     of them, or in itself, several rows are computed at once. The answer stays the same. Of very
 *     long texts only the beginning is looked at; empty for one row at a time
 */
public record GenerationTask(
    List<KvStates> contexts,
    Combination combination,
    boolean prefixed,
    int[] query,
    double attentionTemperature,
    double scalingFactor,
    Sampling sampling,
    int maxTokens,
    List<String> stop,
    int topLogprobs,
    boolean attribution,
    List<int[]> lookups) {

  /** Least attention temperature and scaling factor: scores over less leave float32. */
  public static final double LEAST_FACTOR = 0.01;

  /** Greatest attention temperature and scaling factor. */
  public static final double GREATEST_FACTOR = 10;

  /**
   * Checks what can be checked without a model.
   *
   * @throws IllegalArgumentException naming the field and its limits
   */
  public GenerationTask {
    contexts = List.copyOf(contexts);
    stop = List.copyOf(stop);
    lookups = List.copyOf(lookups);
    if (!prefixed && !contexts.isEmpty()) {
      throw new IllegalArgumentException("contexts need the prefix: they were encoded behind it");
    }
    if (query.length == 0) {
      throw new IllegalArgumentException("the query must have at least one token");
    }
    requireFactor("temperature of the contexts (T)", attentionTemperature);
    requireFactor("scaling factor of the contexts (S)", scalingFactor);
    if (combination == Combination.SEQUENTIAL
        && (attentionTemperature != 1 || scalingFactor != 1)) {
      throw new IllegalArgumentException("contexts in order are attended to with T = S = 1");
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException("max_tokens must be at least 1, not " + maxTokens);
    }
    if (topLogprobs < 0 || topLogprobs > LogProbabilities.MOST_ALTERNATIVES) {
      throw new IllegalArgumentException(
          "top_logprobs must be between 0 and %d, not %d"
              .formatted(LogProbabilities.MOST_ALTERNATIVES, topLogprobs));
    }
    StopStrings.check(stop);
  }

  /** Refuses a T or S that is out of bounds. */
  static void requireFactor(String field, double value) {
    if (!(value >= LEAST_FACTOR && value <= GREATEST_FACTOR)) {
      throw new IllegalArgumentException(
          "%s must be between %s and %s, not %s"
              .formatted(field, LEAST_FACTOR, GREATEST_FACTOR, value));
    }
  }

  /** Positions between prefix and query. */
  public int contextLength() {
    return combination.length(contexts);
  }
}
