package io.gibbon.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchHistoryTest {

  private static final Instant NOON = Instant.parse("2026-05-04T12:00:00Z");

  private @TempDir Path directory;
  private Path file;
  private BenchHistory history;

  @BeforeEach
  void open() {
    file = directory.resolve("bench").resolve("history.jsonl");
    history = new BenchHistory(file);
  }

  private static BenchReport run(String cpu, BenchResult... results) {
    return new BenchReport(
        "m", "cpu", "i8", new Ceilings(cpu, 2, 256, 20.5, 190), List.of(results));
  }

  private static BenchResult rate(double value) {
    return BenchResult.of("encode/128", "tokens/s", null, new double[] {value * 0.95, value});
  }

  private static BenchResult seconds(double value) {
    return BenchResult.of("ttft/2048", "s", null, new double[] {value, value});
  }

  @Test
  void aFirstRunFallsNowhere() throws IOException {
    assertThat(history.falls(run("a", rate(100)))).isEmpty();
  }

  @Test
  void aFallBeyondWhatRunsVaryIsTold() throws IOException {
    history.add(run("a", rate(100), seconds(0.1)), NOON);
    assertThat(history.falls(run("a", rate(96), seconds(0.1)))).isEmpty();
    assertThat(history.falls(run("a", rate(120), seconds(0.05)))).isEmpty();
    assertThat(history.falls(run("a", rate(80), seconds(0.2))))
        .contains("encode/128 fell to 80%: 80.00 tokens/s, on 2026-05-04T12:00:00Z 100.0")
        .contains("then 20.5 GB/s, 190 GFLOP/s")
        .contains("ttft/2048 fell to 50%");
  }

  @Test
  void theLatestRunThatMeasuredTheSameCounts() throws IOException {
    history.add(run("a", rate(100)), NOON);
    history.add(run("a", rate(50)), NOON.plusSeconds(60));
    history.add(run("b", rate(500)), NOON.plusSeconds(120));
    history.add(run("a", seconds(1)), NOON.plusSeconds(180));
    assertThat(history.falls(run("a", rate(49)))).isEmpty();
    assertThat(history.falls(run("a", rate(40)))).contains("fell to 80%").contains("12:01:00Z");
  }

  @Test
  void aDamagedLineIsPassedOver() throws IOException {
    history.add(run("a", rate(100)), NOON);
    Files.writeString(file, "{\"time\": \n[1]\n{\"time", StandardOpenOption.APPEND);
    history.add(run("a", rate(200)), NOON);
    assertThat(history.falls(run("a", rate(20)))).contains("fell to 10%");
  }

  @Test
  void whatWasZeroOrIsMeasuredInAnotherWayFellNowhere() throws IOException {
    history.add(run("a", seconds(0)), NOON);
    assertThat(history.falls(run("a", seconds(0)))).isEmpty();
    history.add(new BenchReport("m", "cpu", "f16", run("a").machine(), List.of(rate(100))), NOON);
    assertThat(history.falls(run("a", rate(10)))).isEmpty();
  }

  @Test
  void aRowBesideTwoPeersIsToldOnce() throws IOException {
    BenchResult slow = rate(50);
    history.add(run("a", rate(100)), NOON);
    assertThat(history.falls(run("a", slow.against("x", 1, 1.0), slow.against("y", 2, 1.0))))
        .containsOnlyOnce("fell");
  }
}
