package io.gibbon.tornado;

import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What a device can do at best, measured with kernels that TornadoVM compiles, as ours are.
 *
 * @param gigabytesPerSecond reading memory that is in no cache
 * @param gigaflopsPerSecond multiply-adds of binary32 in registers, two operations each
 */
record DeviceCeilings(double gigabytesPerSecond, double gigaflopsPerSecond) {

  private static final int THREADS = 1 << 18;
  private static final int GROUP = 256;
  private static final int REPETITIONS = 6;

  /** Floats that are read: 256 MiB. */
  private static final int FLOATS = 1 << 26;

  private static final int MULTIPLICATIONS = 256;
  private static final int ACCUMULATORS = 16;

  /**
   * Measures for some seconds, the best of several repetitions by the device's own clock.
   *
   * @throws IllegalStateException if the device cannot run the kernels or has no such clock
   */
  static DeviceCeilings measure(TornadoDevice device) {
    KernelContext context = new KernelContext();
    FloatArray data = SparseArray.floats(FLOATS);
    FloatArray sums = new FloatArray(THREADS);
    // A GPU reads adjacent floats by adjacent threads, a CPU by the same one.
    boolean gpu = device.getDeviceType() == TornadoDeviceType.GPU;
    IntArray steps =
        gpu ? IntArray.fromElements(1, THREADS) : IntArray.fromElements(FLOATS / THREADS, 1);
    TaskGraph read =
        new TaskGraph("read")
            .transferToDevice(DataTransferMode.FIRST_EXECUTION, steps, data)
            .task("ceiling", DeviceCeilings::read, context, steps, data, sums)
            .persistOnDevice(sums);
    IntArray count = IntArray.fromElements(MULTIPLICATIONS);
    TaskGraph multiply =
        new TaskGraph("multiply")
            .transferToDevice(DataTransferMode.FIRST_EXECUTION, count)
            .task("ceiling", DeviceCeilings::multiply, context, count, sums)
            .persistOnDevice(sums);
    double operations = 2.0 * ACCUMULATORS * MULTIPLICATIONS * THREADS;
    return new DeviceCeilings(
        (double) Float.BYTES * FLOATS / nanos(read, device), operations / nanos(multiply, device));
  }

  private static double nanos(TaskGraph graph, TornadoDevice device) {
    WorkerGrid grid = new WorkerGrid1D(THREADS);
    grid.setLocalWork(GROUP, 1, 1);
    GridScheduler scheduler = new GridScheduler(graph.getTaskGraphName() + ".ceiling", grid);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withDevice(device).withProfiler(ProfilerMode.SILENT);
      ToDoubleFunction<TornadoExecutionPlan> run =
          p -> p.withGridScheduler(scheduler).execute().getProfilerResult().getDeviceKernelTime();
      double best =
          DoubleStream.generate(() -> run.applyAsDouble(plan))
              .limit(REPETITIONS)
              .min()
              .getAsDouble();
      if (best <= 0) {
        throw new IllegalStateException("the device does not tell how long a kernel ran");
      }
      return best;
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException("the device's memory could not be freed", e);
    }
  }

  /**
   * Sums all of the data.
   *
   * @param steps from one thread's first float to the next one's, and from one of a thread's floats
   *     to its next
   */
  static void read(KernelContext c, IntArray steps, FloatArray data, FloatArray sums) {
    float[] sum = new float[ACCUMULATORS];
    for (int j = 0; j < ACCUMULATORS; j++) {
      sum[j] = 0;
    }
    int at = c.globalIdx * steps.get(0);
    int step = steps.get(1);
    for (int i = 0; i < FLOATS / THREADS; i += ACCUMULATORS) {
      for (int j = 0; j < ACCUMULATORS; j++) {
        sum[j] = sum[j] + data.get(at + (i + j) * step);
      }
    }
    float total = 0;
    for (int j = 0; j < ACCUMULATORS; j++) {
      total = total + sum[j];
    }
    sums.set(c.globalIdx, total);
  }

  /** As many multiply-adds of each accumulator as the count says, which no compiler knows. */
  static void multiply(KernelContext c, IntArray count, FloatArray sums) {
    float[] sum = new float[ACCUMULATORS];
    float y = c.globalIdx * 1e-6f;
    for (int j = 0; j < ACCUMULATORS; j++) {
      sum[j] = y + j;
    }
    for (int i = 0; i < count.get(0); i++) {
      for (int j = 0; j < ACCUMULATORS; j++) {
        sum[j] = sum[j] * 0.999f + y;
      }
    }
    float total = 0;
    for (int j = 0; j < ACCUMULATORS; j++) {
      total = total + sum[j];
    }
    sums.set(c.globalIdx, total);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "reads %.1f GB/s, %.0f GFLOP/s", gigabytesPerSecond, gigaflopsPerSecond);
  }
}
