package io.gibbon.cli.command;

import io.gibbon.bench.Ceilings;
import io.gibbon.runtime.engine.Backend;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.ServiceLoader.Provider;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists what models can run on. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description = "List what models can run on, and measure what the processor can do at best.",
    footer = {"", "Devices of TornadoVM are seen where TORNADOVM_HOME names an SDK."})
final class DevicesCommand implements Callable<Integer> {

  @Mixin private LogOptions log = new LogOptions();

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    log.apply();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    err.println("Looking for devices, and measuring each for some seconds.");
    err.flush();
    ServiceLoader.load(Backend.class).stream()
        .map(Provider::get)
        .sorted(Comparator.comparingInt(Backend::priority).reversed())
        .forEach(backend -> print(backend, out));
    Ceilings ceilings = Ceilings.measure(Runtime.getRuntime().availableProcessors());
    out.printf(
        "At best the processor (%s) reads %.1f GB/s and does %.0f GFLOP/s in float32, vectors of %d bits.%n",
        ceilings.cpu(),
        ceilings.gigabytesPerSecond(),
        ceilings.gigaflopsPerSecond(),
        ceilings.vectorBits());
    out.flush();
    return 0;
  }

  private static void print(Backend backend, PrintWriter out) {
    Optional<String> obstacle = backend.unavailable();
    if (obstacle.isPresent()) {
      out.printf("%-8s not here: %s%n", backend.name(), obstacle.get());
    } else {
      backend.devices().forEach(device -> out.printf("%-8s %s%n", backend.name(), device));
    }
    out.flush();
  }
}
