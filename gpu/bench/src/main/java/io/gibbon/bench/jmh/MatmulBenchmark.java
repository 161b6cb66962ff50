package io.gibbon.bench.jmh;

import io.gibbon.runtime.kernel.Matmul;
import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.VectorKernels;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.model.Tensor;
import io.gibbon.runtime.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Activations times a weight of 1536 x 576: a matrix-vector product with one row, a matrix product
 * with more. One call is {@code rows * 1.77} million operations and reads the weight once.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class MatmulBenchmark {

  private static final int COLUMNS = 576;
  private static final int OUTPUTS = 1536;

  /** Rows of activations. */
  @Param({"1", "2", "4", "8", "16", "256"})
  public int rows;

  /** How the weight is stored. */
  @Param({"Q4_1", "Q8_0", "F32"})
  public TensorType type;

  /** Compute threads. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Workers workers;
  private Matmul matmul;
  private List<PackedMatrix> weights;
  private float[] x;
  private float[] out;

  /** Packs a random weight. */
  @Setup(Level.Trial)
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    workers = new Workers(threads);
    matmul = new Matmul(new VectorKernels(), workers);
    weights = List.of(PackedMatrix.pack(weight(random), arena, workers));
    x = new float[rows * COLUMNS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    out = new float[rows * OUTPUTS];
  }

  private Tensor weight(SplittableRandom random) {
    int blocks = COLUMNS / type.blockLength() * OUTPUTS;
    MemorySegment data = arena.allocate((long) blocks * type.blockBytes(), 64);
    for (long i = 0; i < data.byteSize(); i++) {
      data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(64));
    }
    return new Tensor("weight", type, COLUMNS, OUTPUTS, data);
  }

  /** Stops the workers. */
  @TearDown(Level.Trial)
  public void tearDown() {
    workers.close();
    arena.close();
  }

  /** One product. */
  @Benchmark
  public float[] multiply() {
    matmul.run(x, COLUMNS, rows, weights, out, OUTPUTS);
    return out;
  }
}
