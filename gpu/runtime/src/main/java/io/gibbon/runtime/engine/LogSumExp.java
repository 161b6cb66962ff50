package io.gibbon.runtime.engine;

/** The logarithm of a sum of exponentials. */
final class LogSumExp {

  private LogSumExp() {}

  /** Over {@code x[from, to)}; negative infinity when that is empty or holds nothing greater. */
  static double of(double[] x, int from, int to) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      greatest = Math.max(greatest, x[i]);
    }
    if (greatest == Double.NEGATIVE_INFINITY) {
      return greatest;
    }
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.exp(x[i] - greatest);
    }
    return greatest + Math.log(sum);
  }
}
