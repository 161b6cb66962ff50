package io.gibbon.runtime.sampling;

/**
 * How the next token is chosen from the logits. Penalties first, then temperature, top-k, top-p,
 * min-p.
 *
 * @param temperature 0 to 2; below {@value #LEAST_TEMPERATURE} is greedy
 * @param topK keep the k most probable tokens; 0 keeps all
 * @param topP keep the smallest set of most probable tokens with at least this probability, in (0,
 *     1]
 * @param minP keep tokens at least this fraction as probable as the most probable one, in [0, 1]
 * @param frequencyPenalty -2 to 2, subtracted once for every time the token was generated
 * @param presencePenalty -2 to 2, subtracted if the token was generated
 * @param seed the same seed and task give the same tokens
 */
public record Sampling(
    double temperature,
    int topK,
    double topP,
    double minP,
    double frequencyPenalty,
    double presencePenalty,
    long seed) {

  /** The least temperature that is not greedy: over less, differences of logits overflow. */
  public static final double LEAST_TEMPERATURE = 1e-6;

  /** Always the most probable token. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 0, 0, 0);

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the field, as clients spell it, and its limits
   */
  public Sampling {
    requireBetween("temperature", temperature, 0, 2);
    if (topK < 0) {
      throw new IllegalArgumentException("top_k must be 0 (all) or more, not " + topK);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top_p must be above 0 and at most 1, not " + topP);
    }
    requireBetween("min_p", minP, 0, 1);
    requireBetween("frequency_penalty", frequencyPenalty, -2, 2);
    requireBetween("presence_penalty", presencePenalty, -2, 2);
  }

  /** Whether the most probable token is always chosen. */
  public boolean greedy() {
    return temperature < LEAST_TEMPERATURE;
  }

  private static void requireBetween(String field, double value, double least, double greatest) {
    if (!(value >= least && value <= greatest)) {
      throw new IllegalArgumentException(
          "%s must be between %s and %s, not %s".formatted(field, least, greatest, value));
    }
  }
}
