package io.gibbon.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** Measures rows one after the other and tells of each when it begins. One thread at a time. */
final class Measurement {

  /** A row whose runs take long is warm before it has run as often as others. */
  private static final Duration LONGEST_WARMUP = Duration.ofSeconds(15);

  private final BenchOptions options;
  private final Consumer<String> progress;

  Measurement(BenchOptions options, Consumer<String> progress) {
    this.options = options;
    this.progress = progress;
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
    Arrays.setAll(values, i -> run.getAsDouble());
    return BenchResult.of(name, unit, goal, values);
  }

  /** Tells of something that takes long and is no row. */
  void tell(String what) {
    progress.accept(what + " ...");
  }
}
