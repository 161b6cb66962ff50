package io.gibbon.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;

/**
 * What the machine can do at best, measured: no kernel of ours can be faster.
 *
 * @param cpu the processor's name
 * @param threads threads that measured
 * @param vectorBits preferred width of a vector
 * @param gigabytesPerSecond reading memory that is in no cache
 * @param gigaflopsPerSecond fused multiply-adds of binary32 in registers, two operations each
 */
public record Ceilings(
    String cpu,
    int threads,
    @JsonProperty("vector_bits") int vectorBits,
    @JsonProperty("gigabytes_per_second") double gigabytesPerSecond,
    @JsonProperty("gigaflops_per_second") double gigaflopsPerSecond) {

  private static final int REPETITIONS = 8;

  /** Measures for some seconds, the best of several repetitions. */
  public static Ceilings measure(int threads) {
    try (CeilingProbe probe = new CeilingProbe(threads)) {
      double bytes = best(probe::gigabytesPerSecond);
      double flops = best(probe::gigaflopsPerSecond);
      return new Ceilings(cpuName(), threads, CeilingProbe.vectorBits(), bytes, flops);
    }
  }

  private static double best(DoubleSupplier measured) {
    return DoubleStream.generate(measured).limit(REPETITIONS).max().orElseThrow();
  }

  private static String cpuName() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseGet(() -> System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}
