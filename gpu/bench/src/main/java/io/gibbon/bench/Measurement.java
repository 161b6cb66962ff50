package io.gibbon.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** Measures rows one after the other and tells of each when it begins. One thread at a time. */
final class Measurement implements AutoCloseable {

  /** A row whose runs take long is warm before it has run as often as others. */
  private static final Duration LONGEST_WARMUP = Duration.ofSeconds(15);

  private final BenchOptions options;
  private final Consumer<String> progress;
  private final CeilingProbe probe;
  private final List<Double> gigabytes = new ArrayList<>();
  private final List<Double> gigaflops = new ArrayList<>();

  /**
   * Measures nothing yet.
   *
   * @param threads threads that the machine's ceilings are measured with between repetitions
   */
  Measurement(BenchOptions options, Consumer<String> progress, int threads) {
    this.options = options;
    this.progress = progress;
    this.probe = new CeilingProbe(threads);
  }

  /** Warms up, then measures as often as there are repetitions. */
  BenchResult row(String name, String unit, @Nullable Double goal, DoubleSupplier run) {
    progress.accept(name + " ...");
    long begin = System.nanoTime();
    for (int i = 0; i < options.warmups(); i++) {
      var unused = run.getAsDouble();
      if (System.nanoTime() - begin > LONGEST_WARMUP.toNanos()) {
        break;
      }
    }
    double[] values = new double[options.repetitions()];
    for (int i = 0; i < values.length; i++) {
      values[i] = run.getAsDouble();
      gigabytes.add(probe.gigabytesPerSecond());
      gigaflops.add(probe.gigaflopsPerSecond());
    }
    return BenchResult.of(name, unit, goal, values);
  }

  /**
   * What the machine gave between all repetitions so far; on one that is shared with others that is
   * less than its ceilings.
   */
  List<BenchResult> machine() {
    return List.of(
        BenchResult.of("machine/memory", "GB/s", null, numbers(gigabytes)),
        BenchResult.of("machine/compute", "GFLOP/s", null, numbers(gigaflops)));
  }

  private static double[] numbers(List<Double> samples) {
    return samples.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Tells of something that takes long and is no row. */
  void tell(String what) {
    progress.accept(what + " ...");
  }

  @Override
  public void close() {
    probe.close();
  }
}
