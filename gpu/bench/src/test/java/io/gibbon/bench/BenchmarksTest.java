package io.gibbon.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.kv.KvFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchmarksTest {

  private static final Ceilings MACHINE = new Ceilings("test", 1, 256, 10, 100);

  @Test
  void everyRowIsMeasuredAndWritten(@TempDir Path directory) throws IOException {
    RuntimeConfig config =
        RuntimeConfig.builder(TinyModel.writeDefault(directory)).contextTokens(256).build();
    List<BenchResult> results = new ArrayList<>();
    List<String> told = new ArrayList<>();
    BenchReport report;
    try (ModelRuntime runtime = ModelRuntime.open(config);
        Benchmarks benchmarks =
            new Benchmarks(runtime, new BenchOptions(1, 3, 512, 128), 1, told::add)) {
      results.addAll(benchmarks.encode());
      results.addAll(benchmarks.decode());
      results.addAll(benchmarks.ttft());
      results.addAll(benchmarks.selection());
      assertThat(benchmarks.machine())
          .extracting(BenchResult::unit, BenchResult::repetitions)
          .containsExactly(tuple("GB/s", 15), tuple("GFLOP/s", 15));
      report =
          new BenchReport(runtime.profile().model(), runtime.backendName(), "i8", MACHINE, results);
    }
    assertThat(told).hasSize(5).first().asString().startsWith("encode/128");
    assertThat(results)
        .hasSize(5)
        .allSatisfy(
            result -> {
              assertThat(result.value()).isPositive().isFinite();
              assertThat(result.repetitions()).isEqualTo(3);
            });
    JsonNode json = new ObjectMapper().readTree(report.json());
    assertThat(json.at("/results/0").fieldNames())
        .toIterable()
        .containsExactly(
            "name",
            "value",
            "unit",
            "peer",
            "peer_value",
            "ratio",
            "goal",
            "repetitions",
            "spread");
    assertThat(json.at("/machine/gigaflops_per_second").asDouble()).isEqualTo(100);
    assertThat(report.table()).contains("encode/128", "decode/0", "ttft/", "selection/32");
    assertThat(results.getLast().peerValue()).isPositive();
  }

  @Test
  void aCachedNumberTakesTheBytesOfItsFormat(@TempDir Path directory) {
    RuntimeConfig config =
        RuntimeConfig.builder(TinyModel.writeDefault(directory)).kvFormat(KvFormat.F16).build();
    try (KvFidelity fidelity = new KvFidelity(config)) {
      BenchResult bytes = fidelity.bytes();
      assertThat(bytes.name()).isEqualTo("kv/f16/bytes");
      assertThat(bytes.value()).isEqualTo(2);
    }
  }

  @Test
  void theMedianCounts() {
    BenchResult result = BenchResult.of("x", "s", 2.0, new double[] {3, 1, 2});
    assertThat(result.value()).isEqualTo(2);
    assertThat(result.spread()).isEqualTo(1);
  }

  @Test
  void smallValuesKeepTheirDigits() {
    BenchResult small = BenchResult.of("x", "nats", 4e-4, new double[] {1.512345e-4});
    BenchResult great = BenchResult.of("y", "MB", 847.26, new double[] {512.345});
    BenchReport report = new BenchReport("m", "cpu", "i8", MACHINE, List.of(small, great));
    assertThat(report.table())
        .contains(" 0.0001512 nats", "(goal 0.0004000)")
        .contains(" 512.35 MB", "(goal 847.3)");
  }

  @Test
  void absurdOptionsAreRefusedByName() {
    assertThatThrownBy(() -> new BenchOptions(0, 0, 512, 128)).hasMessageContaining("repetitions");
    assertThatThrownBy(() -> new BenchOptions(0, 1, 1, 128)).hasMessageContaining("depth");
  }
}
