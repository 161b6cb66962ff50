package io.gibbon.runtime.engine;

import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.ModelDescription.RopePairing;

/** Rotary position embedding (arXiv 2104.09864): the angles of a step's rows, and the rotation. */
final class Rope {

  private final double[] frequencies;
  private final RopePairing pairing;
  private float[] cosines = new float[0];
  private float[] sines = new float[0];

  Rope(ModelDescription model) {
    this.frequencies = new double[model.ropeDim() / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(model.ropeBase(), -2.0 * i / model.ropeDim());
    }
    this.pairing = model.ropePairing();
  }

  /** Makes room for the angles of so many rows. */
  void reserve(int rows) {
    if (cosines.length < rows * frequencies.length) {
      cosines = new float[rows * frequencies.length];
      sines = new float[rows * frequencies.length];
    }
  }

  /** Sets the angles of one row. */
  void position(int row, int position) {
    for (int i = 0; i < frequencies.length; i++) {
      double angle = position * frequencies[i];
      cosines[row * frequencies.length + i] = (float) Math.cos(angle);
      sines[row * frequencies.length + i] = (float) Math.sin(angle);
    }
  }

  /** Rotates {@code heads} adjacent heads of one row. */
  void rotate(int row, float[] x, int offset, int heads, int headDim) {
    int pairs = frequencies.length;
    int step = pairing == RopePairing.ADJACENT ? 2 : 1;
    int partner = pairing == RopePairing.ADJACENT ? 1 : pairs;
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
