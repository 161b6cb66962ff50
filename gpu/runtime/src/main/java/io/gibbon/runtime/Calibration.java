package io.gibbon.runtime;

import io.gibbon.runtime.engine.Head;
import java.util.List;

/**
 * What was learnt about a profile. KV states do not depend on it, so it may change at any time.
 *
 * @param attentionTemperature APE's T, within the bounds of {@link GenerationTask}
 * @param scalingFactor APE's S, within the same bounds
 * @param heads those whose attention tells which context a question is about, best first; at most
 *     {@value #MOST_HEADS}, and empty if none tells it: then likelihood chooses
 */
public record Calibration(double attentionTemperature, double scalingFactor, List<Head> heads) {

  /** Nothing learnt: T = S = 1, and no heads. */
  public static final Calibration NONE = new Calibration(1, 1, List.of());

  /** Limit of {@code heads}. */
  public static final int MOST_HEADS = 64;

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the field and its limits
   */
  public Calibration {
    heads = List.copyOf(heads);
    GenerationTask.requireFactor("temperature of the contexts (T)", attentionTemperature);
    GenerationTask.requireFactor("scaling factor of the contexts (S)", scalingFactor);
    if (heads.size() > MOST_HEADS) {
      throw new IllegalArgumentException(
          "heads must be at most %d, not %d".formatted(MOST_HEADS, heads.size()));
    }
  }
}
