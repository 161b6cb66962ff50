package io.gibbon.topology;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * An instance that halts, as if killed, once it has taken a number of contexts from its encoder.
 */
final class CrashingProcess {

  static final int STATUS = 7;
  private static final Duration PATIENCE = Duration.ofSeconds(100);

  private CrashingProcess() {}

  /** Runs such an instance in a process of its own until its end, and returns its status. */
  static int run(Path directory, Map<String, String> settings, int contexts, String fingerprint)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                JavaProcess.command(
                    CrashingProcess.class,
                    JavaProcess.write(directory, settings),
                    Integer.toString(contexts),
                    fingerprint))
            .inheritIO()
            .start();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the process did not come to its end");
    }
    return process.exitValue();
  }

  /**
   * Arguments: a properties file with the topology's settings, the number of contexts after which
   * to halt, and the encoder's profile.
   */
  public static void main(String... arguments) throws IOException {
    Map<String, String> settings = JavaProcess.read(arguments[0]);
    int limit = Integer.parseInt(arguments[1]);
    ScriptedEncoder encoder = new ScriptedEncoder(arguments[2]);
    GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), encoder);
    streams.start();
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> encoder.collected() >= limit);
    Runtime.getRuntime().halt(STATUS);
  }
}
