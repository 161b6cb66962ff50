package io.gibbon.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartBenchTest {

  @Test
  void thePeakIsThatOfTheStatusInBytes() {
    List<String> status = List.of("Name:\tjava", "VmHWM:\t  512000 kB", "VmRSS:\t  400000 kB");
    assertThat(ServerProcess.peakBytes(status)).hasValue(512_000L * 1024);
    assertThat(ServerProcess.peakBytes(List.of("Name:\tjava"))).isEmpty();
  }

  @Test
  void memoryMayBeTheModelTwoAndAHalfTimesTheStatesAndTheProgram() {
    assertThat(StartBench.memoryGoal(100_000_000, 3_000_000)).isCloseTo(853, within(1e-9));
  }

  @Test
  void aServerThatEndsEarlyIsToldWithItsStatusAndItsReasonIsInTheLog(@TempDir Path directory)
      throws Exception {
    GibbonConfig withoutKafka =
        GibbonConfig.of(null, Map.of(), Map.of("data", directory.toString(), "server.port", "0"));
    Path log = directory.resolve("server.log");
    try (ServerProcess server =
        new ServerProcess(withoutKafka, directory.resolve("server.properties"), log)) {
      assertThatThrownBy(server::awaitListening)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("ended with status 1");
    }
    assertThat(Files.readString(log)).contains("serve needs an existing Kafka");
  }
}
