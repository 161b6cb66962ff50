package io.gibbon.runtime.calibrate;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.calibrate.Bootstrap.Interval;

/**
 * What a calibration found, judged by questions from documents that it did not learn from.
 *
 * @param found the best T and S, and the heads
 * @param gain log-probability of the held-out spans over T = S = 1, mean of their tokens, in nats
 * @param interval of the gain, 95%
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

  /** What to use: the heads found, and T and S unless they are no better than none. */
  public Calibration applied() {
    return better() ? found : new Calibration(1, 1, found.heads());
  }

  /** Whether T and S are better than T = S = 1 beyond chance. */
  public boolean better() {
    return interval.low() > 0;
  }
}
