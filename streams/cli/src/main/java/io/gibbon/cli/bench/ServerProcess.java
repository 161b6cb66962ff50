package io.gibbon.cli.bench;

import io.gibbon.cli.Main;
import io.gibbon.cli.UserException;
import io.gibbon.cli.client.Answer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.client.ServerAbsentException;
import io.gibbon.cli.config.GibbonConfig;
import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * {@code gibbon serve} in a JVM of its own, with the options and the class path of this one. It
 * ends when closed, and with this process at the latest. One thread at a time.
 */
final class ServerProcess implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final Duration POLL = Duration.ofMillis(20);
  private static final String PEAK = "VmHWM:";

  private final GibbonClient client;
  private final long start;
  private final Process process;

  /**
   * Starts a server and returns at once.
   *
   * @param config all of its settings; the environment adds none
   * @param settings file to hand them over in
   * @param log file that everything it says is added to
   */
  ServerProcess(GibbonConfig config, Path settings, Path log) throws IOException {
    write(config, settings);
    ProcessBuilder builder =
        new ProcessBuilder(command(settings))
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(variable -> variable.startsWith("GIBBON_"));
    client =
        new GibbonClient(
            "http://%s:%d".formatted(config.server().host(), config.server().port()), null);
    start = System.nanoTime();
    process = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
  }

  private static void write(GibbonConfig config, Path file) throws IOException {
    Properties properties = new Properties();
    config.values().forEach((key, value) -> properties.setProperty(key, value.toString()));
    try (Writer writer = Files.newBufferedWriter(file)) {
      properties.store(writer, null);
    }
  }

  private static List<String> command(Path settings) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("serve", "--config", settings.toString()));
    return command;
  }

  /**
   * Waits until the server answers over HTTP; returns the seconds since its start.
   *
   * @throws UserException if it ends before, or takes longer than two minutes
   */
  double awaitListening() {
    while (true) {
      try {
        client.requirePresent();
        return seconds();
      } catch (ServerAbsentException notYet) {
        requireAlive();
        sleep();
      }
    }
  }

  private void requireAlive() {
    if (!process.isAlive()) {
      throw new UserException(
          "the server ended with status %d before it listened".formatted(process.exitValue()));
    }
    if (seconds() > PATIENCE.toSeconds()) {
      throw new UserException(
          "the server does not listen after %d s".formatted(PATIENCE.toSeconds()));
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(POLL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  /**
   * Asks, and reads the answer to its end.
   *
   * @throws UserException if there is none
   */
  Answer ask(GibbonClient.Question question) {
    try {
      return client.ask(question, text -> {});
    } catch (ServerAbsentException | UserException e) {
      // It may have failed after it listened; what went wrong it says at its end.
      if (ends(GRACE)) {
        throw new UserException(
            "the server ended with status %d before it answered".formatted(process.exitValue()), e);
      }
      throw new UserException("the server did not answer: " + e.getMessage(), e);
    }
  }

  /** Seconds since its start. */
  double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  /** The most bytes of memory it has held, or empty where the system does not tell. */
  OptionalLong peakBytes() throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    return Files.exists(status) ? peakBytes(Files.readAllLines(status)) : OptionalLong.empty();
  }

  /** The peak in the lines of {@code /proc/PID/status}, whose kB are of 1024 bytes. */
  static OptionalLong peakBytes(List<String> status) {
    return status.stream()
        .filter(line -> line.startsWith(PEAK))
        .flatMap(line -> Stream.of(line.substring(PEAK.length()).strip().split(" ")).limit(1))
        .mapToLong(kilobytes -> Long.parseLong(kilobytes) << 10)
        .findFirst();
  }

  /** Stops the server in order, as a user does, and waits for its end. */
  @Override
  public void close() {
    client.close();
    process.destroy();
    if (!ends(PATIENCE)) {
      process.destroyForcibly();
      throw new UserException(
          "the server does not stop after %d s".formatted(PATIENCE.toSeconds()));
    }
  }

  private boolean ends(Duration within) {
    try {
      return process.waitFor(within);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }
}
