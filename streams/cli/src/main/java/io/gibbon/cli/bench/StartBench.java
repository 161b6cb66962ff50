package io.gibbon.cli.bench;

import io.gibbon.bench.BenchResult;
import io.gibbon.broker.EmbeddedBroker;
import io.gibbon.cli.UserException;
import io.gibbon.cli.client.Answer;
import io.gibbon.cli.client.GibbonClient.Question;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.Profile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * A server without documents, from the start of its process until it listens, until the first token
 * of a short answer, and the most memory it held by the end of that answer. The broker is in this
 * process, so that only the server is measured.
 */
public final class StartBench {

  /** The first start creates the topics. */
  private static final int WARMUPS = 1;

  private static final int REPETITIONS = 3;
  private static final double LISTENING_GOAL = 2;
  private static final double FIRST_TOKEN_GOAL = 4;
  private static final String HOST = "127.0.0.1";
  private static final Question QUESTION =
      new Question("What does a harbour master do?", null, 0, null, null, 16);

  private StartBench() {}

  /** What one start was like. */
  private record Start(double listening, double firstToken, OptionalLong peakBytes, int tokens) {}

  /**
   * Starts servers one after the other.
   *
   * @param config whose model, runtime, topology and server they get; nothing of its Kafka
   * @param profile of the model
   * @param model its file
   * @param progress told why a row is left out
   * @throws UserException naming the log of the server, if one does not do what it should
   */
  public static List<BenchResult> run(
      GibbonConfig config, Profile profile, Path model, Consumer<String> progress)
      throws IOException {
    Path log = Files.createTempFile("gibbon-serve", ".log");
    List<Start> starts;
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      starts = starts(config, directory.path(), log);
    } catch (UserException e) {
      throw new UserException("%s (its log: %s)".formatted(e.getMessage(), log), e);
    }
    Files.delete(log);
    List<BenchResult> results = new ArrayList<>();
    results.add(row("start/listening", "s", LISTENING_GOAL, starts, Start::listening));
    results.add(row("start/first token", "s", FIRST_TOKEN_GOAL, starts, Start::firstToken));
    if (starts.stream().allMatch(start -> start.peakBytes().isPresent())) {
      long kvBytes = profile.layout().working().bytes(starts.getLast().tokens());
      double goal = memoryGoal(Files.size(model), kvBytes);
      results.add(
          row("memory", "MB", goal, starts, start -> start.peakBytes().orElseThrow() / 1e6));
    } else {
      progress.accept("memory is left out: there is no VmHWM in /proc/PID/status here");
    }
    return results;
  }

  private static BenchResult row(
      String name, String unit, double goal, List<Start> starts, ToDoubleFunction<Start> value) {
    return BenchResult.of(name, unit, goal, starts.stream().mapToDouble(value).toArray());
  }

  /** Megabytes that a server may hold: for the weights, for KV states in use, and for itself. */
  static double memoryGoal(long modelBytes, long kvBytes) {
    return (2.5 * modelBytes + kvBytes) / 1e6 + 600;
  }

  private static List<Start> starts(GibbonConfig config, Path directory, Path log)
      throws IOException {
    List<Start> starts = new ArrayList<>();
    try (EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), 0)) {
      Map<String, String> own =
          Map.of(
              "data", directory.resolve("data").toString(),
              "server.host", HOST,
              "kafka.bootstrap.servers", broker.bootstrapServers());
      GibbonConfig served = config.isolated().with(own);
      for (int i = -WARMUPS; i < REPETITIONS; i++) {
        Start start = start(served, directory.resolve("server.properties"), log);
        if (i >= 0) {
          starts.add(start);
        }
      }
    }
    return starts;
  }

  private static Start start(GibbonConfig config, Path settings, Path log) throws IOException {
    GibbonConfig listening = config.with(Map.of("server.port", Integer.toString(freePort())));
    try (ServerProcess server = new ServerProcess(listening, settings, log)) {
      double untilListening = server.awaitListening();
      double asked = server.seconds();
      Answer answer = server.ask(QUESTION);
      return new Start(
          untilListening,
          asked + answer.firstToken().toNanos() / 1e9,
          server.peakBytes(),
          answer.promptTokens() + answer.completionTokens());
    }
  }

  /** Chosen here, since a server on port 0 tells its port only when its stores are restored. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
      return socket.getLocalPort();
    }
  }
}
