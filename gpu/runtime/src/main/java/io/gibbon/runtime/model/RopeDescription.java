package io.gibbon.runtime.model;

/**
 * Rotary position embedding (arXiv 2104.09864) as a file's metadata tells it.
 *
 * @param base {@code rope.freq_base}
 * @param dimensions {@code rope.dimension_count}: dimensions of a head that are rotated
 * @param pairing which dimensions rotate together
 * @param scaling how positions beyond those trained on are reached
 */
public record RopeDescription(float base, int dimensions, Pairing pairing, Scaling scaling) {

  private static final float DEFAULT_BASE = 10_000;
  private static final float MAX_FACTOR = 1 << 16;

  /** How RoPE pairs dimensions. */
  public enum Pairing {
    /** (0, 1), (2, 3), ...: the GGUF {@code llama} layout. */
    ADJACENT,
    /** (0, d/2), (1, d/2 + 1), ...: every other family's layout. */
    HALVES
  }

  /**
   * A change of the angles. Llama 3's own way needs none of this: its files carry a divisor for
   * each pair in {@code rope_freqs.weight}.
   *
   * @param factor how much longer than {@code originalWindow} positions may become; 1 changes
   *     nothing
   * @param originalWindow for YaRN (arXiv 2309.00071) the window that the model was trained with; 0
   *     if all pairs slow down alike
   * @param betaFast YaRN: pairs that turn more often than this within the original window stay
   * @param betaSlow YaRN: pairs that turn less often than this slow down by the whole factor
   * @param magnitude what cosine and sine are multiplied by
   */
  public record Scaling(
      float factor, int originalWindow, float betaFast, float betaSlow, double magnitude) {

    /** Leaves the angles as they are. */
    public static final Scaling NONE = new Scaling(1, 0, 0, 0, 1);

    private static Scaling from(Metadata metadata, String p, int window) {
      String type = metadata.string(p + "rope.scaling.type", "none");
      float factor = metadata.positive(p + "rope.scaling.factor", 1);
      if (factor < 1 || factor > MAX_FACTOR) {
        throw metadata.problem(
            p + "rope.scaling.factor",
            "is %s, it must be from 1 to %s".formatted(factor, MAX_FACTOR));
      }
      return switch (type) {
        case "none" -> NONE;
        case "linear" -> new Scaling(factor, 0, 0, 0, 1);
        case "yarn" ->
            new Scaling(
                factor,
                metadata.integer(
                    p + "rope.scaling.original_context_length", 1, Integer.MAX_VALUE, window),
                metadata.positive(p + "rope.scaling.yarn_beta_fast", 32),
                metadata.positive(p + "rope.scaling.yarn_beta_slow", 1),
                metadata.positive(p + "rope.scaling.attn_factor", 1)
                    * (1 + 0.1 * Math.log(factor)));
        default ->
            throw metadata.problem(
                p + "rope.scaling.type",
                "is %s, which is not supported; supported: none, linear, yarn".formatted(type));
      };
    }
  }

  /** As the keys with prefix {@code p} say. */
  static RopeDescription from(
      Metadata metadata, String p, int headDim, int window, Pairing pairing) {
    int dimensions = metadata.integer(p + "rope.dimension_count", 2, headDim, headDim);
    if (dimensions % 2 != 0) {
      throw metadata.problem(p + "rope.dimension_count", "is " + dimensions + ", it must be even");
    }
    return new RopeDescription(
        base(metadata, p + "rope.freq_base"),
        dimensions,
        pairing,
        Scaling.from(metadata, p, window));
  }

  private static float base(Metadata metadata, String key) {
    float base = metadata.positive(key, DEFAULT_BASE);
    if (!(base > 1)) {
      throw metadata.problem(key, "is %s, it must be greater than 1".formatted(base));
    }
    return base;
  }

  /** The rotation of sliding-window layers: their own base, positions as they are. */
  RopeDescription local(Metadata metadata, String p) {
    return new RopeDescription(
        base(metadata, p + "rope.freq_base_swa"), dimensions, pairing, Scaling.NONE);
  }
}
