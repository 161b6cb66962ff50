package io.gibbon.bench.jmh;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.VectorKernels;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Attention of some query vectors to one tile of 128 cached tokens of one head: keys and values are
 * widened, on the way for few queries, scores, online softmax, weighted values, and the scales of
 * codes. One call is {@code queries * 32} thousand operations.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionTileBenchmark {

  private static final int TOKENS = 128;
  private static final int DIMENSIONS = 64;
  private static final int FEW = 3;
  private static final int LENGTH = DIMENSIONS + Kernels.LANES;
  private static final float SCALE = 0.125f;

  /** Query vectors: rows times query heads of a key-value head. */
  @Param({"3", "48", "96"})
  public int queries;

  /** How keys and values are stored. */
  @Param({"F16", "I8"})
  public KvFormat format;

  private final Kernels kernels = new VectorKernels();
  private final float[] wide = new float[TOKENS * DIMENSIONS];
  private final float[] scales = new float[TOKENS];
  private MemorySegment keys;
  private MemorySegment values;
  private float[] query;
  private float[] scores;
  private float[] accumulators;
  private float[] packed;

  /** Fills everything with random numbers. */
  @Setup(Level.Trial)
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    Arrays.fill(scales, 1f / 127);
    keys = numbers(random);
    values = numbers(random);
    query = new float[queries * DIMENSIONS];
    for (int i = 0; i < query.length; i++) {
      query[i] = (float) random.nextDouble(-1, 1);
    }
    scores = new float[queries * TOKENS];
    accumulators = new float[queries * LENGTH];
    packed = new float[Kernels.packedLength(queries, TOKENS)];
  }

  private MemorySegment numbers(SplittableRandom random) {
    MemorySegment numbers = Arena.ofAuto().allocate(2L * TOKENS * DIMENSIONS);
    for (int i = 0; i < TOKENS * DIMENSIONS; i++) {
      if (format == KvFormat.F16) {
        short half = Float.floatToFloat16((float) random.nextDouble(-1, 1));
        numbers.setAtIndex(ValueLayout.JAVA_SHORT, i, half);
      } else {
        numbers.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(-127, 128));
      }
    }
    return numbers;
  }

  /** One tile. */
  @Benchmark
  public float[] attend() {
    Arrays.fill(accumulators, 0);
    multiply(query, DIMENSIONS, keys, TOKENS, scores, TOKENS, false);
    scale();
    for (int i = 0; i < queries; i++) {
      kernels.softmax(
          scores,
          i * TOKENS,
          TOKENS,
          TOKENS,
          SCALE,
          Float.NEGATIVE_INFINITY,
          accumulators,
          i * LENGTH,
          LENGTH);
    }
    scale();
    multiply(scores, TOKENS, values, DIMENSIONS, accumulators, LENGTH, true);
    return accumulators;
  }

  private void scale() {
    for (int i = 0; format.scaled() && i < queries; i++) {
      kernels.multiplyEach(scores, i * TOKENS, scales, TOKENS);
    }
  }

  /** A product with keys or values. */
  private void multiply(
      float[] a, int depth, MemorySegment b, int columns, float[] c, int cStride, boolean add) {
    int panel = KvLayout.PANEL * depth;
    long bytes = (long) panel * format.bytes();
    boolean halves = format == KvFormat.F16;
    if (queries <= FEW && halves) {
      kernels.multiplyHalves(a, 0, depth, queries, b, 0, bytes, columns, depth, c, 0, cStride, add);
    } else if (queries <= FEW) {
      kernels.multiplyCodes(a, 0, depth, queries, b, 0, bytes, columns, depth, c, 0, cStride, add);
    } else {
      if (halves) {
        kernels.widenHalves(b, 0, wide, 0, wide.length);
      } else {
        kernels.widenCodes(b, 0, wide, 0, wide.length);
      }
      kernels.packRows(a, 0, depth, queries, 0, depth, packed, 0, depth);
      kernels.multiply(
          packed, 0, depth, 0, queries, wide, 0, panel, columns, depth, c, 0, cStride, add);
    }
  }
}
