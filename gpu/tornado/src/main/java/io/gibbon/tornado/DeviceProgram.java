package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A model's kernels as task graphs, compiled once: pages are loaded, a step begins, a layer runs
 * (the same graph for every layer: a counter on the device says which), and some rows' logits are
 * computed. All arrays but the step's plan stay on the device. One thread at a time.
 */
final class DeviceProgram implements AutoCloseable {

  /** Floats that one loading takes to the device, about. */
  private static final int LOAD_FLOATS = 1 << 21;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private static final int LOAD = 0;
  private static final int BEGIN = 1;
  private static final int LAYER = 2;
  private static final int OUTPUT = 3;

  private final ModelDescription model;
  private final int keyWidth;
  private final int pageFloats;
  private final int logitStride;
  private final int pagesPerLoad;
  private final boolean normsUpdates;
  private final boolean lanes;

  private final KernelContext context = new KernelContext();
  private final Grids grids;
  private final TornadoExecutionPlan plan;

  private final DeviceArrays arrays;

  /**
   * Compiles the kernels and takes the weights to the device.
   *
   * @param slots pages of KV states that the device keeps
   */
  DeviceProgram(
      ModelDescription model,
      KvLayout layout,
      DeviceWeights weights,
      TornadoDevice device,
      int slots) {
    this.model = model;
    this.keyWidth = model.kvHeads() * model.headDim();
    this.pageFloats = Pages.size(layout);
    this.pagesPerLoad = Math.max(1, LOAD_FLOATS / pageFloats);
    this.logitStride = weights.outputStride();
    this.normsUpdates = weights.normsUpdates();
    this.lanes = device.getDeviceType() == TornadoDeviceType.CPU;
    this.arrays = new DeviceArrays(model, layout, weights, slots, pagesPerLoad);
    this.grids = new Grids(model, lanes);
    this.plan =
        new TornadoExecutionPlan(
            load().snapshot(), begin().snapshot(), layer().snapshot(), output().snapshot());
    plan.withDevice(device);
    plan.withGraph(LOAD).withGridScheduler(grids.scheduler()).execute();
  }

  private TaskGraph load() {
    return new TaskGraph("load")
        .transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays.table)
        .transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays.loadSlots, arrays.loadPages)
        .task(
            "pages",
            HeadKernels::load,
            context,
            arrays.loadSlots,
            arrays.loadPages,
            arrays.pool,
            arrays.table)
        .persistOnDevice(arrays.table, arrays.pool);
  }

  private TaskGraph begin() {
    return new TaskGraph("begin")
        .consumeFromDevice("load", arrays.table, arrays.pool)
        .consumeFromDevice("layer", arrays.table, arrays.pool)
        .consumeFromDevice("output", arrays.table)
        .transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays.codes, arrays.floats)
        .transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays.stepInts, arrays.stepFloats)
        .task(
            "embed",
            RowKernels::embed,
            context,
            arrays.counter,
            arrays.table,
            arrays.stepInts,
            arrays.codes,
            arrays.floats,
            arrays.stepFloats,
            arrays.hidden,
            arrays.pool)
        .persistOnDevice(
            arrays.counter,
            arrays.stepInts,
            arrays.codes,
            arrays.floats,
            arrays.stepFloats,
            arrays.hidden);
  }

  private TaskGraph layer() {
    Object[] step = arrays.ofStep();
    TaskGraph graph =
        new TaskGraph("layer")
            .consumeFromDevice("begin", step)
            .consumeFromDevice("begin", arrays.pool)
            .consumeFromDevice("layer", step)
            .consumeFromDevice("layer", arrays.pool);
    norm(graph, "attentionNorm", ModelTable.ATTENTION_NORM);
    multiply(
        graph,
        "queryKeyValue",
        arrays.normed,
        arrays.queryKeyValue,
        ModelTable.QUERY_KEY_VALUE,
        StepPlan.ROWS);
    graph.task(
        "heads",
        HeadKernels::prepare,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        arrays.floats,
        arrays.queryKeyValue,
        arrays.pool,
        arrays.fresh);
    graph.task(
        "attend",
        AttentionKernels::attend,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        arrays.queryKeyValue,
        arrays.pool,
        arrays.partial,
        arrays.pieces);
    graph.task(
        "merge",
        MergeKernels::merge,
        context,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        arrays.partial,
        arrays.attended,
        arrays.contextWeights);
    graph.task(
        "share",
        MergeKernels::share,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        arrays.pieces,
        arrays.contextWeights,
        arrays.shares);
    update(
        graph,
        "attentionOutput",
        arrays.attended,
        ModelTable.ATTENTION_OUTPUT,
        ModelTable.ATTENTION_OUTPUT_NORM);
    norm(graph, "feedForwardNorm", ModelTable.FEED_FORWARD_NORM);
    multiply(graph, "gateUp", arrays.normed, arrays.gateUp, ModelTable.GATE_UP, StepPlan.ROWS);
    graph.task("gate", RowKernels::gate, context, arrays.table, arrays.stepInts, arrays.gateUp);
    update(graph, "down", arrays.gateUp, ModelTable.DOWN, ModelTable.DOWN_NORM);
    graph.task("advance", RowKernels::advance, context, arrays.counter, 0);
    return graph.persistOnDevice(
        arrays.fresh,
        arrays.shares,
        arrays.normed,
        arrays.queryKeyValue,
        arrays.attended,
        arrays.gateUp,
        arrays.partial,
        arrays.pieces,
        arrays.contextWeights);
  }

  private void norm(TaskGraph graph, String name, int vector) {
    graph.task(
        name,
        RowKernels::norm,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepFloats,
        arrays.floats,
        arrays.hidden,
        arrays.normed,
        vector);
  }

  private void multiply(
      TaskGraph graph, String name, FloatArray x, FloatArray out, int operation, int count) {
    if (lanes) {
      graph.task(
          name,
          LaneKernels::multiply,
          context,
          arrays.counter,
          arrays.table,
          arrays.stepInts,
          arrays.codes,
          arrays.floats,
          x,
          out,
          operation,
          count);
    } else {
      graph.task(
          name,
          MatrixKernels::multiply,
          context,
          arrays.counter,
          arrays.table,
          arrays.stepInts,
          arrays.codes,
          arrays.floats,
          x,
          out,
          operation,
          count);
    }
  }

  private void update(TaskGraph graph, String name, FloatArray x, int operation, int norm) {
    if (normsUpdates) {
      multiply(graph, name, x, arrays.normed, operation, StepPlan.ROWS);
      graph.task(
          name + "Norm",
          RowKernels::addNormed,
          context,
          arrays.counter,
          arrays.table,
          arrays.stepFloats,
          arrays.floats,
          arrays.normed,
          arrays.hidden,
          norm);
    } else {
      multiply(graph, name, x, arrays.hidden, operation, StepPlan.ROWS);
    }
  }

  private TaskGraph output() {
    Object[] step = arrays.ofStep();
    TaskGraph graph =
        new TaskGraph("output").consumeFromDevice("layer", step).consumeFromDevice("output", step);
    graph.task(
        "norm",
        RowKernels::normWanted,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        arrays.floats,
        arrays.hidden,
        arrays.wanted);
    multiply(graph, "logits", arrays.wanted, arrays.logits, 0, StepPlan.WANTED);
    graph.task("advance", RowKernels::advance, context, arrays.counter, 1);
    return graph.persistOnDevice(arrays.wanted, arrays.logits);
  }

  /** Collects pages and takes them to the device some at a time. */
  final class PageLoader implements PagePool.Loader {

    private final float[] page = new float[pageFloats];
    private int count;

    @Override
    public void load(KvStates states, int index, int slot) {
      Pages.read(states, index, page);
      MemorySegment.copy(
          page, 0, arrays.loadPages.getSegment(), FLOAT, 4L * count * pageFloats, pageFloats);
      arrays.loadSlots.set(count++, slot);
      if (count == pagesPerLoad) {
        flush();
      }
    }

    /** Takes to the device what has been collected. */
    void flush() {
      if (count > 0) {
        grids.groups("load.pages", count, 1);
        plan.withGraph(LOAD).withGridScheduler(grids.scheduler()).execute();
        count = 0;
      }
    }
  }

  /** Runs the first layers over a step's rows. */
  void run(StepPlan step, float[] numbers, int layers) {
    MemorySegment.copy(step.ints(), 0, arrays.stepInts.getSegment(), INT, 0, step.size());
    MemorySegment.copy(numbers, 0, arrays.stepFloats.getSegment(), FLOAT, 0, numbers.length);
    int rows = step.rows();
    grids.groups("begin.embed", rows, 1);
    plan.withGraph(BEGIN).withGridScheduler(grids.scheduler()).execute();
    grids.layer(step);
    TornadoExecutionResult result = null;
    for (int layer = 0; layer < layers; layer++) {
      result = plan.withGraph(LAYER).withGridScheduler(grids.scheduler()).execute();
    }
    result.transferToHost(new DataRange(arrays.fresh).withSize((long) rows * freshFloats()));
    if (step.cells() > 0) {
      result.transferToHost(new DataRange(arrays.shares).withSize(step.cells()));
    }
  }

  /**
   * Computes the logits of the next rows whose logits are wanted.
   *
   * @param rows at most {@link StepPlan#LOGIT_ROWS}
   */
  void output(int rows) {
    grids.groups("output.norm", rows, 1);
    grids.product("output.logits", logitStride, rows);
    plan.withGraph(OUTPUT)
        .withGridScheduler(grids.scheduler())
        .execute()
        .transferToHost(new DataRange(arrays.logits).withSize((long) rows * logitStride));
  }

  /** Copies the logits of one of the rows that were just computed. */
  void logits(int row, float[] out, int offset) {
    MemorySegment.copy(
        arrays.logits.getSegment(), FLOAT, 4L * row * logitStride, out, offset, model.vocabulary());
  }

  /** Copies the keys and values of a row: by layer and head the key, then the value. */
  void fresh(int row, float[] out) {
    MemorySegment.copy(
        arrays.fresh.getSegment(), FLOAT, 4L * row * freshFloats(), out, 0, freshFloats());
  }

  /** A share that the step's table asked for. */
  float share(int cell) {
    return arrays.shares.get(cell);
  }

  /** Floats of a row's keys and values. */
  int freshFloats() {
    return model.layers() * 2 * keyWidth;
  }

  @Override
  public void close() {
    try {
      plan.withAllGraphs().close();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException("the device's memory could not be freed", e);
    }
  }
}
