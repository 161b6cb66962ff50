package io.gibbon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.cli.client.GibbonClient;
import io.gibbon.runtime.DefaultModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** {@code gibbon} in a process of its own, as a user runs it, with the default model. */
final class GibbonProcess implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofMinutes(3);

  private static final Pattern SERVING = Pattern.compile("serving at (\\S+), Kafka at (\\S+)");

  private final Process process;
  private final Path log;

  private GibbonProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts a command; the calling test is skipped if the model cannot be had. */
  static GibbonProcess start(Path data, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-Xmx1g");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data", data.toString(), "--set", "model=" + DefaultModel.path()));
    Path log = Files.createTempFile(data.getParent(), "gibbon", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    return new GibbonProcess(process, log);
  }

  /** A server with a broker of its own, all on free ports, ready. */
  static GibbonProcess up(Path data) throws IOException {
    GibbonProcess gibbon = start(data, "up", "--port", "0", "--broker-port", "0");
    Awaitility.await()
        .atMost(PATIENCE)
        .failFast(
            () ->
                assertThat(gibbon.process.isAlive())
                    .as("ended early:%n%s", gibbon.output())
                    .isTrue())
        .until(() -> gibbon.serving().find());
    return gibbon;
  }

  private Matcher serving() {
    return SERVING.matcher(output());
  }

  private String served(int group) {
    Matcher matcher = serving();
    assertThat(matcher.find()).as(output()).isTrue();
    return matcher.group(group);
  }

  GibbonClient client() {
    return new GibbonClient(served(1), null);
  }

  String bootstrapServers() {
    return served(2);
  }

  String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Waits for the end; returns the status. */
  int await(Duration patience) throws InterruptedException {
    assertThat(process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS))
        .as("ends within %s:%n%s", patience, output())
        .isTrue();
    return process.exitValue();
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** SIGKILL. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }
}
