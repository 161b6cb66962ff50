package io.gibbon.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.bench.eval.EvalReport.ModeResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is made of outcomes, worked by hand. */
class EvalReportTest {

  private static final String ONE = "ape+attention@1";
  private static final String TWO = "ape+attention@2";

  @Test
  void modesAreComparedWithTheFirstOne() {
    List<Outcome> outcomes = new ArrayList<>();
    for (int item = 0; item < 4; item++) {
      outcomes.add(outcome(item, "sequential", 0.25 * item, -2 - item, null));
      outcomes.add(outcome(item, TWO, 0.5 * item, -1.5 - item, item == 0 ? null : item % 2.0));
    }
    EvalReport report = report(outcomes, "sequential", TWO);
    ModeResult two = report.modes().get(TWO);

    assertThat(two.f1().value()).isCloseTo(75, within(1e-9));
    assertThat(two.logprob().value()).isCloseTo(-3, within(1e-9));
    assertThat(two.gain().value()).isCloseTo(0.5, within(1e-9));
    assertThat(two.gain().low()).isCloseTo(0.5, within(1e-9));
    assertThat(two.ofSequential().value()).isCloseTo(200, within(1e-9));
    assertThat(two.ofSequential().low()).isCloseTo(200, within(1e-9));
    assertThat(two.citedFirst().value()).isCloseTo(200 / 3.0, within(1e-9));
    assertThat(two.citedFirst().items()).isEqualTo(3);
    assertThat(report.modes().get("sequential").citedFirst()).isNull();
  }

  @Test
  void whatIsCitedStandsForTheModeThatCites() throws IOException {
    EvalReport report =
        report(
            List.of(
                outcome(0, "sequential", 1, -1, null),
                outcome(0, ONE, 1, -1, null),
                outcome(0, TWO, 1, -1, 1.0)),
            "sequential",
            ONE,
            TWO);
    JsonNode json = new ObjectMapper().readTree(report.json());
    assertThat(json.path("citations").path("gold_first").asDouble()).isEqualTo(100);
  }

  @Test
  void aBaselineWithoutAnythingGivesNoPercentage() throws IOException {
    EvalReport report =
        report(
            List.of(outcome(0, "sequential", 0, -1, null), outcome(0, TWO, 1, -1, null)),
            "sequential",
            TWO);
    JsonNode mode = new ObjectMapper().readTree(report.json()).path("modes").path(TWO);
    assertThat(mode.path("of_sequential").isNull()).isTrue();
    assertThat(report.table()).doesNotContain("Infinity").doesNotContain("NaN");
  }

  private static EvalReport report(List<Outcome> outcomes, String... modes) {
    return EvalReport.of("items.jsonl", "random", null, List.of(modes), outcomes, 1);
  }

  private static Outcome outcome(
      int item, String mode, double f1, double logprob, @Nullable Double citedFirst) {
    return new Outcome(item, mode, "words", f1, 0.0, 0.0, null, logprob, 0, 1.0, 1.0, citedFirst);
  }
}
