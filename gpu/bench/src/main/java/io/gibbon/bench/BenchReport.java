package io.gibbon.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Locale;

/**
 * All that one run measured.
 *
 * @param model the model's name
 * @param backend the backend's name
 * @param settings what else a figure depends on, such as the format of KV states
 * @param machine the machine's ceilings
 * @param results the figures
 */
public record BenchReport(
    String model, String backend, String settings, Ceilings machine, List<BenchResult> results) {

  /** Whether another run measured the same model in the same way on such a machine. */
  boolean isLike(BenchReport other) {
    return model.equals(other.model)
        && backend.equals(other.backend)
        && settings.equals(other.settings)
        && machine.cpu().equals(other.machine.cpu())
        && machine.threads() == other.machine.threads();
  }

  /** The report as one JSON object. */
  public String json() throws JsonProcessingException {
    return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(this);
  }

  /** The report as lines for a terminal. */
  public String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT,
            "%s on %s (%s, %d threads, %d-bit vectors, %.1f GB/s, %.0f GFLOP/s)%n",
            model,
            backend,
            machine.cpu(),
            machine.threads(),
            machine.vectorBits(),
            machine.gigabytesPerSecond(),
            machine.gigaflopsPerSecond()));
    results.forEach(result -> table.append(line(result)));
    return table.toString();
  }

  private static String line(BenchResult result) {
    return String.format(
        Locale.ROOT,
        "%-20s %10s %-9s %s %d times, spread %.0f%%%n",
        result.name(),
        number(result.value(), 2),
        result.unit(),
        result.peer() == null ? goal(result) : comparison(result),
        result.repetitions(),
        100 * result.spread());
  }

  private static String goal(BenchResult result) {
    return result.goal() == null ? "" : "(goal %s)".formatted(number(result.goal(), 1));
  }

  private static String comparison(BenchResult result) {
    return String.format(
        Locale.ROOT,
        "%8sx of %s (%s)%s,",
        number(result.ratio(), 2),
        result.peer(),
        number(result.peerValue(), 2),
        result.goal() == null ? "" : ", goal %sx".formatted(number(result.goal(), 1)));
  }

  /** With so many decimals, or below 1 with four significant digits, which decimals would hide. */
  private static String number(double value, int decimals) {
    return value == 0 || Math.abs(value) >= 1
        ? String.format(Locale.ROOT, "%." + decimals + "f", value)
        : String.format(Locale.ROOT, "%.4g", value);
  }
}
