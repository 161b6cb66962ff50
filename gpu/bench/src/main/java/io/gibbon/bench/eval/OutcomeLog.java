package io.gibbon.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Outcomes on disk, item by item, so that an evaluation that was cut off goes on where it was. An
 * item's outcomes are written at once; from a line that was cut off on, they are dropped.
 */
final class OutcomeLog {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;

  OutcomeLog(Path file) throws IOException {
    this.file = file;
    Files.createDirectories(file.toAbsolutePath().getParent());
  }

  /** What earlier runs found out. */
  List<Outcome> read() throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    if (!Files.exists(file)) {
      return outcomes;
    }
    List<String> whole = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      try {
        outcomes.addAll(List.of(JSON.readValue(line, Outcome[].class)));
        whole.add(line);
      } catch (JsonProcessingException e) {
        Files.write(file, whole);
        break;
      }
    }
    return outcomes;
  }

  /** Keeps the outcomes of one item. */
  void append(List<Outcome> ofItem) throws IOException {
    Files.writeString(
        file,
        JSON.writeValueAsString(ofItem) + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** Forgets everything. */
  void clear() throws IOException {
    Files.deleteIfExists(file);
  }
}
