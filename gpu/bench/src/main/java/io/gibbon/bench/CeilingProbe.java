package io.gibbon.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the processor gives at this moment, in some hundredths of a second: on a machine that is
 * shared with others it is not always the same. One thread at a time.
 */
final class CeilingProbe implements AutoCloseable {

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final long BYTES_PER_THREAD = 128L << 20;
  private static final int MULTIPLICATIONS = 200_000_000;
  private static final int ACCUMULATORS = 10;

  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> memory;

  /** A probe of so many threads; it holds {@value #BYTES_PER_THREAD} bytes for each. */
  CeilingProbe(int threads) {
    memory =
        IntStream.range(0, threads).mapToObj(i -> arena.allocate(BYTES_PER_THREAD, 64)).toList();
  }

  /** Preferred width of a vector. */
  static int vectorBits() {
    return SPECIES.vectorBitSize();
  }

  /** Reading memory that is in no cache. */
  double gigabytesPerSecond() {
    List<DoubleSupplier> readers = new ArrayList<>();
    memory.forEach(segment -> readers.add(() -> read(segment)));
    return (double) BYTES_PER_THREAD * readers.size() / nanos(readers);
  }

  /** Fused multiply-adds of binary32 in registers, two operations each. */
  double gigaflopsPerSecond() {
    List<DoubleSupplier> multipliers = new ArrayList<>();
    memory.forEach(segment -> multipliers.add(() -> multiply(MULTIPLICATIONS)));
    return 2.0 * SPECIES.length() * MULTIPLICATIONS * multipliers.size() / nanos(multipliers);
  }

  private static double nanos(List<DoubleSupplier> bodies) {
    long start = System.nanoTime();
    List<FutureTask<Double>> running = new ArrayList<>();
    for (DoubleSupplier body : bodies) {
      FutureTask<Double> task = new FutureTask<>(body::getAsDouble);
      running.add(task);
      Thread.ofPlatform().start(task);
    }
    running.forEach(CeilingProbe::await);
    return System.nanoTime() - start;
  }

  private static void await(FutureTask<Double> task) {
    try {
      task.get();
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

  @Override
  public void close() {
    arena.close();
  }
}
