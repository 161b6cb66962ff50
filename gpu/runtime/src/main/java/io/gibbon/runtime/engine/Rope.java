package io.gibbon.runtime.engine;

import io.gibbon.runtime.model.RopeDescription;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import io.gibbon.runtime.model.RopeDescription.Scaling;

/** Rotary position embedding (arXiv 2104.09864): the angles of a step's rows, and the rotation. */
public final class Rope {

  private final double[] frequencies;
  private final double magnitude;
  private final Pairing pairing;
  private float[] cosines = new float[0];
  private float[] sines = new float[0];

  /**
   * A rotation.
   *
   * @param divisors of the frequencies, pair by pair; empty if they stay
   * @throws IllegalArgumentException if a divisor is not finite and greater than 0
   */
  public Rope(RopeDescription description, float[] divisors) {
    this.pairing = description.pairing();
    this.magnitude = description.scaling().magnitude();
    this.frequencies = new double[description.dimensions() / 2];
    for (float divisor : divisors) {
      if (!(divisor > 0 && divisor <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "rope_freqs.weight has %s, it must be finite and greater than 0".formatted(divisor));
      }
    }
    for (int pair = 0; pair < frequencies.length; pair++) {
      double frequency =
          Math.pow(description.base(), -2.0 * pair / description.dimensions())
              / (divisors.length == 0 ? 1 : divisors[pair]);
      double slower = frequency / description.scaling().factor();
      double kept = kept(description, pair);
      frequencies[pair] = slower * (1 - kept) + frequency * kept;
    }
  }

  /** How much of a pair's frequency YaRN (arXiv 2309.00071) keeps: 1 for the fast ones. */
  private static double kept(RopeDescription description, int pair) {
    Scaling scaling = description.scaling();
    if (scaling.originalWindow() == 0) {
      return 0;
    }
    double first = Math.max(0, Math.floor(pairTurning(description, scaling.betaFast())));
    double last =
        Math.min(
            description.dimensions() - 1, Math.ceil(pairTurning(description, scaling.betaSlow())));
    return 1 - Math.clamp((pair - first) / Math.max(0.001, last - first), 0.0, 1.0);
  }

  /** The pair that turns so many times within the original window. */
  private static double pairTurning(RopeDescription description, double turns) {
    double longest = description.scaling().originalWindow() / (turns * 2 * Math.PI);
    return description.dimensions() * Math.log(longest) / (2 * Math.log(description.base()));
  }

  /** Makes room for the angles of so many rows. */
  void reserve(int rows) {
    if (sines.length < rows * frequencies.length) {
      cosines = new float[rows * frequencies.length];
      sines = new float[rows * frequencies.length];
    }
  }

  /** Sets the angles of one row. */
  void position(int row, int position) {
    for (int i = 0; i < frequencies.length; i++) {
      double angle = position * frequencies[i];
      cosines[row * frequencies.length + i] = (float) (Math.cos(angle) * magnitude);
      sines[row * frequencies.length + i] = (float) (Math.sin(angle) * magnitude);
    }
  }

  /**
   * Writes the cosines of a position's angles, pair by pair, and behind them the sines.
   *
   * @return how many numbers were written
   */
  public int angles(int position, float[] out, int offset) {
    for (int i = 0; i < frequencies.length; i++) {
      double angle = position * frequencies[i];
      out[offset + i] = (float) (Math.cos(angle) * magnitude);
      out[offset + frequencies.length + i] = (float) (Math.sin(angle) * magnitude);
    }
    return 2 * frequencies.length;
  }

  /** Rotates {@code heads} adjacent heads of one row. */
  void rotate(int row, float[] x, int offset, int heads, int headDim) {
    int pairs = frequencies.length;
    int step = pairing == Pairing.ADJACENT ? 2 : 1;
    int partner = pairing == Pairing.ADJACENT ? 1 : pairs;
    for (int head = 0; head < heads; head++) {
      int base = offset + head * headDim;
      for (int i = 0; i < pairs; i++) {
        float cosine = cosines[row * pairs + i];
        float sine = sines[row * pairs + i];
        int at = base + i * step;
        float a = x[at];
        float b = x[at + partner];
        x[at] = a * cosine - b * sine;
        x[at + partner] = a * sine + b * cosine;
      }
    }
  }
}
