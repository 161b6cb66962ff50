package io.gibbon.runtime.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.calibrate.Bootstrap.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Intervals against what theory says of them. */
class BootstrapTest {

  @Test
  void theIntervalOfAMeanIsAboutTwoStandardErrorsToEachSide() {
    double[] values = new Random(3).doubles(400).toArray();
    Interval interval = new Bootstrap(values.length, 5).ofMean(values);
    double error = Math.sqrt(1 / 12.0 / values.length);
    assertThat(interval.high() - interval.low()).isCloseTo(2 * 1.96 * error, within(0.3 * error));
    assertThat(new Bootstrap(values.length, 5).ofMean(values)).isEqualTo(interval);
    assertThat(new Bootstrap(values.length, 6).ofMean(values)).isNotEqualTo(interval);
  }

  @Test
  void pairedRatiosVaryLessThanTheirParts() {
    double[] baseline = new Random(4).doubles(200, 1, 9).toArray();
    double[] twice = new double[baseline.length];
    for (int i = 0; i < twice.length; i++) {
      twice[i] = 2 * baseline[i];
    }
    Bootstrap bootstrap = new Bootstrap(baseline.length, 1);
    assertThat(bootstrap.ofRatio(twice, baseline).low()).isCloseTo(2, within(1e-9));
    assertThat(bootstrap.ofRatio(twice, baseline).high()).isCloseTo(2, within(1e-9));
    double[] nothing = new double[baseline.length];
    assertThat(bootstrap.ofRatio(twice, nothing).low()).isInfinite();
    assertThat(bootstrap.ofRatio(nothing, nothing).low()).isNaN();
  }

  @Test
  void itemsOfOneGroupTellNoMoreThanOneOfThem() {
    double[] alone = new Random(7).doubles(50).toArray();
    double[] fourfold = new double[200];
    List<Integer> documents = new ArrayList<>();
    for (int i = 0; i < fourfold.length; i++) {
      fourfold[i] = alone[i / 4];
      documents.add(i / 4);
    }
    Interval grouped = Bootstrap.ofGroups(documents, 1).ofMean(fourfold);
    Interval of50 = new Bootstrap(50, 1).ofMean(alone);
    assertThat(grouped.low()).isCloseTo(of50.low(), within(1e-9));
    assertThat(grouped.high()).isCloseTo(of50.high(), within(1e-9));
    Interval ofAll = new Bootstrap(200, 1).ofMean(fourfold);
    assertThat(ofAll.high() - ofAll.low()).isLessThan(0.7 * (of50.high() - of50.low()));
  }

  @Test
  void groupsOfUnlikeSizeCountByTheirItems() {
    double[] values = {1, 1, 1, 5};
    Interval interval = Bootstrap.ofGroups(List.of("a", "a", "a", "b"), 1).ofMean(values);
    assertThat(interval).isEqualTo(new Interval(1, 5));
  }
}
