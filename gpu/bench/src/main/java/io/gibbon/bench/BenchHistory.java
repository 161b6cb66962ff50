package io.gibbon.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What earlier runs measured: a file with a JSON object a line, a {@link BenchReport} and the
 * {@code time} of its end, the machine's ceilings included. One process at a time.
 */
public final class BenchHistory {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TIME = "time";

  private final Path file;

  /** A history in a file, which need not be there yet. */
  public BenchHistory(Path file) {
    this.file = file;
  }

  /** A run and when it ended. */
  private record Run(Instant time, BenchReport report) {}

  /**
   * Where a run is worse than the latest one of the same model, backend, settings, processor and
   * threads that measured the same, by more than either varied; a line each, empty if nowhere.
   *
   * @throws IOException if the file cannot be read
   */
  public String falls(BenchReport now) throws IOException {
    List<Run> runs = runs(now);
    StringBuilder falls = new StringBuilder();
    Set<String> told = new HashSet<>();
    for (BenchResult result : now.results()) {
      if (!told.add(result.name())) {
        continue;
      }
      for (Run run : runs.reversed()) {
        Optional<BenchResult> before = same(result, run.report());
        if (before.isPresent()) {
          falls.append(fall(result, before.get(), run));
          break;
        }
      }
    }
    return falls.toString();
  }

  private static String fall(BenchResult now, BenchResult before, Run run) {
    double kept = now.lessIsBetter() ? before.value() / now.value() : now.value() / before.value();
    if (!Double.isFinite(kept) || kept >= 1 - Math.max(now.spread(), before.spread())) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        "%s fell to %.0f%%: %.4g %s, on %s %.4g (then %.1f GB/s, %.0f GFLOP/s)%n",
        now.name(),
        100 * kept,
        now.value(),
        now.unit(),
        run.time(),
        before.value(),
        run.report().machine().gigabytesPerSecond(),
        run.report().machine().gigaflopsPerSecond());
  }

  private static Optional<BenchResult> same(BenchResult result, BenchReport report) {
    return report.results().stream()
        .filter(other -> other.name().equals(result.name()))
        .findFirst();
  }

  private List<Run> runs(BenchReport like) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    return Files.readAllLines(file).stream()
        .flatMap(line -> read(line).stream())
        .filter(run -> run.report().isLike(like))
        .toList();
  }

  /** A line that was cut off, or written by another version, is no run. */
  private static Optional<Run> read(String line) {
    try {
      ObjectNode run = (ObjectNode) JSON.readTree(line);
      JsonNode time = run.remove(TIME);
      return Optional.of(
          new Run(Instant.parse(time.asText()), JSON.treeToValue(run, BenchReport.class)));
    } catch (JsonProcessingException | RuntimeException e) {
      return Optional.empty();
    }
  }

  /**
   * Adds a run.
   *
   * @throws IOException if the file cannot be written
   */
  public void add(BenchReport report, Instant time) throws IOException {
    ObjectNode run = JSON.valueToTree(report);
    run.put(TIME, time.toString());
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(
        file,
        // A line before it may have been cut off.
        "\n" + JSON.writeValueAsString(run) + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
