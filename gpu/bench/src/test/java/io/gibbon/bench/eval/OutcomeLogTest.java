package io.gibbon.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of an evaluation that is cut off. */
class OutcomeLogTest {

  @TempDir private Path directory;

  @Test
  void whatWasCutOffAnywhereIsDroppedAndTheRestGoesOn() throws IOException {
    Path file = directory.resolve("outcomes.jsonl");
    try (OutcomeLog log = new OutcomeLog(file)) {
      assertThat(log.read()).isEmpty();
      log.append(List.of(outcome(0, "first"), outcome(0, "second")));
      log.append(List.of(outcome(1, "dünn \ud83d\ude80 ende")));
    }
    byte[] whole = Files.readAllBytes(file);
    int first = new String(whole, StandardCharsets.UTF_8).indexOf('\n') + 1;
    for (int length = first; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      try (OutcomeLog log = new OutcomeLog(file)) {
        assertThat(log.read()).containsExactly(outcome(0, "first"), outcome(0, "second"));
        log.append(List.of(outcome(2, "third")));
        assertThat(log.read()).hasSize(3).last().isEqualTo(outcome(2, "third"));
      }
    }
  }

  @Test
  void twoRunsCannotWriteOneFile() throws IOException {
    Path file = directory.resolve("outcomes.jsonl");
    try (OutcomeLog log = new OutcomeLog(file)) {
      log.read();
      assertThatThrownBy(() -> new OutcomeLog(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("runs already");
      log.append(List.of(outcome(0, "one")));
    }
    try (OutcomeLog log = new OutcomeLog(file)) {
      assertThat(log.read()).containsExactly(outcome(0, "one"));
      log.clear();
      assertThat(log.read()).isEmpty();
    }
  }

  private static Outcome outcome(int item, String answer) {
    return new Outcome(item, "ape", answer, 0.5, 0.0, 1.0, null, -1.5, 0.25, 1.0, 0.5, null);
  }
}
