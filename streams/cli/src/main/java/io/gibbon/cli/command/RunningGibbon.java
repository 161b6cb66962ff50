package io.gibbon.cli.command;

import io.gibbon.cli.Gibbon;
import io.gibbon.cli.config.GibbonConfig;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Starts Gibbon for a command, says what it does, and closes it when the process is told to stop.
 */
final class RunningGibbon implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofHours(12);

  private final Gibbon gibbon;
  private final Thread hook;

  private RunningGibbon(Gibbon gibbon, PrintWriter err) {
    this.gibbon = gibbon;
    this.hook =
        new Thread(
            () -> {
              err.println("gibbon: stopping");
              err.flush();
              gibbon.close();
              err.println("gibbon: stopped, nothing lost");
              err.flush();
            },
            "gibbon-stop");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Starts everything, says what it does, and waits until answers are possible. */
  static RunningGibbon start(GibbonConfig config, PrintWriter err) {
    long start = System.nanoTime();
    RunningGibbon running =
        start(
            config,
            step -> {
              err.println("gibbon: " + step);
              err.flush();
            },
            err);
    err.printf("gibbon: ready after %.1f s%n", (System.nanoTime() - start) / 1e9);
    err.flush();
    return running;
  }

  /**
   * Starts everything and waits until answers are possible.
   *
   * @param progress told in a few words what is being done
   */
  static RunningGibbon start(GibbonConfig config, Consumer<String> progress, PrintWriter err) {
    Gibbon gibbon = Gibbon.start(config, progress);
    RunningGibbon running = new RunningGibbon(gibbon, err);
    LocalData.noteModel(config);
    gibbon.awaitReady(PATIENCE);
    return running;
  }

  Gibbon gibbon() {
    return gibbon;
  }

  @Override
  public void close() {
    gibbon.close();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException stoppingAlready) {
      Thread.yield();
    }
  }
}
