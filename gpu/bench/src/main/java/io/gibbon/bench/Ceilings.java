package io.gibbon.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleSupplier;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

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

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final long BYTES_PER_THREAD = 128L << 20;
  private static final int REPETITIONS = 8;
  private static final int MULTIPLICATIONS = 200_000_000;
  private static final int ACCUMULATORS = 10;

  /** Measures for some seconds, the best of several repetitions. */
  public static Ceilings measure(int threads) {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads);
        Arena arena = Arena.ofShared()) {
      List<DoubleSupplier> readers = new ArrayList<>();
      List<DoubleSupplier> multipliers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        MemorySegment segment = arena.allocate(BYTES_PER_THREAD, 64);
        readers.add(() -> read(segment));
        multipliers.add(() -> multiply(MULTIPLICATIONS));
      }
      double bytes = best(pool, readers, (double) BYTES_PER_THREAD * threads);
      double operations = 2.0 * SPECIES.length() * MULTIPLICATIONS;
      double flops = best(pool, multipliers, operations * threads);
      return new Ceilings(cpuName(), threads, SPECIES.vectorBitSize(), bytes / 1e9, flops / 1e9);
    }
  }

  /** Amount a second of the fastest repetition. */
  private static double best(ExecutorService pool, List<DoubleSupplier> bodies, double amount) {
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
      long start = System.nanoTime();
      List<Future<Double>> running = new ArrayList<>();
      bodies.forEach(body -> running.add(pool.submit(body::getAsDouble)));
      running.forEach(Ceilings::await);
      best = Math.max(best, amount / ((System.nanoTime() - start) / 1e9));
    }
    return best;
  }

  private static double await(Future<Double> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while measuring", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("measuring failed", e);
    }
  }

  private static double read(MemorySegment memory) {
    int step = SPECIES.vectorByteSize();
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (long i = 0; i < memory.byteSize(); i += 4L * step) {
      a = a.add(load(memory, i));
      b = b.add(load(memory, i + step));
      c = c.add(load(memory, i + 2L * step));
      d = d.add(load(memory, i + 3L * step));
    }
    return a.add(b).add(c.add(d)).lane(0);
  }

  private static FloatVector load(MemorySegment memory, long offset) {
    return FloatVector.fromMemorySegment(SPECIES, memory, offset, ByteOrder.LITTLE_ENDIAN);
  }

  private static double multiply(int count) {
    FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector y = FloatVector.broadcast(SPECIES, 0.001f);
    FloatVector a = x;
    FloatVector b = x;
    FloatVector c = x;
    FloatVector d = x;
    FloatVector e = x;
    FloatVector f = x;
    FloatVector g = x;
    FloatVector h = x;
    FloatVector i = x;
    FloatVector j = x;
    for (int n = 0; n < count; n += ACCUMULATORS) {
      a = x.fma(y, a);
      b = x.fma(y, b);
      c = x.fma(y, c);
      d = x.fma(y, d);
      e = x.fma(y, e);
      f = x.fma(y, f);
      g = x.fma(y, g);
      h = x.fma(y, h);
      i = x.fma(y, i);
      j = x.fma(y, j);
    }
    return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).lane(0);
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
