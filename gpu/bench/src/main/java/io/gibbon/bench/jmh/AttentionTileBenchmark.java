package io.gibbon.bench.jmh;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.VectorKernels;
import io.gibbon.runtime.kv.KvLayout;
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
 * Attention of some query vectors to one tile of 64 cached tokens of one head: keys and values are
 * widened from binary16, on the way for few queries, scores, online softmax, weighted values. One
 * call is {@code queries * 16} thousand operations.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionTileBenchmark {

  private static final int TOKENS = 64;
  private static final int DIMENSIONS = 64;
  private static final int DEPTH = 64;
  private static final int PANEL = KvLayout.PANEL;
  private static final int FEW = 6;
  private static final int LENGTH = DIMENSIONS + Kernels.LANES;
  private static final float SCALE = 0.125f;

  /** Query vectors: rows times query heads of a key-value head. */
  @Param({"3", "48", "96"})
  public int queries;

  private final Kernels kernels = new VectorKernels();
  private final short[] keys = new short[TOKENS * DIMENSIONS];
  private final short[] values = new short[TOKENS * DIMENSIONS];
  private final float[] wide = new float[TOKENS * DIMENSIONS];
  private float[] query;
  private float[] scores;
  private float[] accumulators;

  /** Fills everything with random numbers. */
  @Setup(Level.Trial)
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < TOKENS * DIMENSIONS; i++) {
      keys[i] = half(random);
      values[i] = half(random);
    }
    query = new float[queries * DIMENSIONS];
    for (int i = 0; i < query.length; i++) {
      query[i] = (float) random.nextDouble(-1, 1);
    }
    scores = new float[queries * TOKENS];
    accumulators = new float[queries * LENGTH];
  }

  /** One tile. */
  @Benchmark
  public float[] attend() {
    Arrays.fill(accumulators, 0);
    multiply(query, keys, PANEL * DIMENSIONS, TOKENS, scores, TOKENS, false);
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
    multiply(scores, values, PANEL * TOKENS, DIMENSIONS, accumulators, LENGTH, true);
    return accumulators;
  }

  private static short half(SplittableRandom random) {
    return Float.floatToFloat16((float) random.nextDouble(-1, 1));
  }

  /** A product with keys or values; both depths are 64. */
  private void multiply(
      float[] a, short[] b, int panelStride, int columns, float[] c, int cStride, boolean add) {
    if (queries <= FEW) {
      kernels.multiplyHalves(
          a, 0, DEPTH, queries, b, 0, panelStride, columns, DEPTH, c, 0, cStride, add);
    } else {
      kernels.widen(b, wide, 0, wide.length);
      kernels.multiply(
          a, 0, DEPTH, queries, wide, 0, panelStride, columns, DEPTH, c, 0, cStride, add);
    }
  }
}
