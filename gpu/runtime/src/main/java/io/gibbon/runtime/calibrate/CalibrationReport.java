package io.gibbon.runtime.calibrate;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.calibrate.Bootstrap.Interval;
import io.gibbon.runtime.engine.Head;
import java.util.List;
import java.util.Optional;

/**
 * What a calibration found, judged by questions from documents that it did not learn from.
 *
 * @param found the best T and S, and the heads
 * @param gain log-probability of the held-out spans over T = S = 1, mean of their tokens, in nats
 * @param interval of the gain, 95%, over documents drawn anew
 * @param logprob the same log-probability itself, with the T and S found
 * @param precision part of the questions whose context the heads find
 * @param questions how many it was judged by
 */
public record CalibrationReport(
    Calibration found,
    double gain,
    Interval interval,
    double logprob,
    double precision,
    int questions) {

  /** One of five contexts is right, so that a fifth is chance. */
  private static final double LEAST_PRECISION = 0.5;

  /**
   * What to use from now on. T and S that are no better than none leave those in use, or T = S = 1;
   * heads that find less than half of the contexts leave those in use, or none. Empty if nothing
   * changes.
   */
  public Optional<Calibration> applied(Optional<Calibration> inUse) {
    if (!better() && !pointing()) {
      return Optional.empty();
    }
    Calibration before = inUse.orElse(Calibration.NONE);
    List<Head> heads = pointing() ? found.heads() : before.heads();
    Calibration factors = better() ? found : before;
    return Optional.of(
        new Calibration(factors.attentionTemperature(), factors.scalingFactor(), heads));
  }

  /** Whether the heads find enough of the contexts to be used. */
  public boolean pointing() {
    return precision >= LEAST_PRECISION;
  }

  /** Whether T and S are better than T = S = 1 beyond chance. */
  public boolean better() {
    return interval.low() > 0;
  }
}
