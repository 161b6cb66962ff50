package io.gibbon.bench;

/**
 * How long and how deep to measure.
 *
 * @param warmups runs that are not counted, 0 to 100; fewer of a row whose runs take long
 * @param repetitions runs that are counted, 1 to 100
 * @param depth cached tokens that answers attend to in the deepest row, 256 to 131,072
 * @param contextTokens tokens of each context, 16 to the model's limit
 */
public record BenchOptions(int warmups, int repetitions, int depth, int contextTokens) {

  /** The figures of the README. */
  public static final BenchOptions DEFAULT = new BenchOptions(4, 5, 4096, 128);

  /** A first impression within two minutes; a JIT needs some runs. */
  public static final BenchOptions QUICK = new BenchOptions(4, 5, 2048, 128);

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the option and its limits
   */
  public BenchOptions {
    requireBetween("warmups", warmups, 0, 100);
    requireBetween("repetitions", repetitions, 1, 100);
    requireBetween("depth", depth, 256, 131_072);
    requireBetween("contextTokens", contextTokens, 16, 8192);
  }

  private static void requireBetween(String option, int value, int least, int greatest) {
    if (value < least || value > greatest) {
      throw new IllegalArgumentException(
          "%s must be between %,d and %,d, not %,d".formatted(option, least, greatest, value));
    }
  }
}
