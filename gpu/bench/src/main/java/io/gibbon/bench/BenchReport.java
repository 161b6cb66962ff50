package io.gibbon.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * All that one run measured.
 *
 * @param model the model's name
 * @param backend the backend's name
 * @param machine the machine's ceilings
 * @param results the figures
 */
public record BenchReport(
    String model, String backend, Ceilings machine, List<BenchResult> results) {

  /** Writes the report as one JSON object. */
  public void writeJson(Path file) throws IOException {
    new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), this);
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
    for (BenchResult result : results) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-24s %10.2f %-9s %s %d times, spread %.0f%%%n",
              result.name(),
              result.value(),
              result.unit(),
              result.goal() == null ? "" : String.format(Locale.ROOT, "(goal %.1f)", result.goal()),
              result.repetitions(),
              100 * result.spread()));
    }
    return table.toString();
  }
}
