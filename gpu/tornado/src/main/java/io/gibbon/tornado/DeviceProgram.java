package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

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

  private final KernelContext context = new KernelContext();
  private final GridScheduler grids = new GridScheduler();
  private final TornadoExecutionPlan plan;

  private final IntArray table;
  private final IntArray codes;
  private final FloatArray floats;
  private final IntArray counter = new IntArray(2);
  private final IntArray stepInts = new IntArray(StepPlan.CAPACITY);
  private final FloatArray stepFloats;
  private final FloatArray hidden;
  private final FloatArray normed;
  private final FloatArray queryKeyValue;
  private final FloatArray attended;
  private final FloatArray gateUp;
  private final FloatArray pool;
  private final FloatArray fresh;
  private final FloatArray partial;
  private final FloatArray pieces;
  private final FloatArray contextWeights;
  private final FloatArray shares = new FloatArray(StepPlan.MAX_CELLS);
  private final FloatArray wanted;
  private final FloatArray logits;
  private final IntArray loadSlots;
  private final FloatArray loadPages;

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
    this.table = weights.table();
    this.codes = weights.codes();
    this.floats = weights.floats();
    int rows = StepPlan.MAX_ROWS;
    int queries = model.heads() * model.headDim();
    this.stepFloats = new FloatArray(StepPlan.ANGLES + rows * 2 * model.rope().dimensions());
    this.hidden = new FloatArray(rows * model.width());
    this.normed = new FloatArray(rows * model.width());
    this.queryKeyValue = new FloatArray(rows * (queries + 2 * keyWidth));
    this.attended = new FloatArray(rows * queries);
    this.gateUp = new FloatArray(rows * 2 * model.feedForward());
    this.pool = SparseArray.floats(Math.multiplyExact(slots, pageFloats));
    this.fresh = new FloatArray(Math.multiplyExact(rows, freshFloats()));
    this.partial = new FloatArray(StepPlan.MAX_PARTIALS * model.heads() * (model.headDim() + 2));
    this.pieces = new FloatArray(StepPlan.MAX_SHARE_PIECES * model.heads());
    this.contextWeights = new FloatArray(2 * rows * model.heads());
    this.wanted = new FloatArray(StepPlan.LOGIT_ROWS * model.width());
    this.logits = new FloatArray(StepPlan.LOGIT_ROWS * logitStride);
    this.loadSlots = new IntArray(pagesPerLoad);
    loadSlots.init(-1);
    this.loadPages = new FloatArray(pagesPerLoad * pageFloats);
    grids();
    this.plan =
        new TornadoExecutionPlan(
            load().snapshot(), begin().snapshot(), layer().snapshot(), output().snapshot());
    plan.withDevice(device);
    plan.withGraph(LOAD).withGridScheduler(grids).execute();
  }

  private TaskGraph load() {
    return new TaskGraph("load")
        .transferToDevice(DataTransferMode.FIRST_EXECUTION, table)
        .transferToDevice(DataTransferMode.EVERY_EXECUTION, loadSlots, loadPages)
        .task("pages", HeadKernels::load, context, loadSlots, loadPages, pool, table)
        .persistOnDevice(table, pool);
  }

  private TaskGraph begin() {
    return new TaskGraph("begin")
        .consumeFromDevice("load", table, pool)
        .consumeFromDevice("layer", table, pool)
        .consumeFromDevice("output", table)
        .transferToDevice(DataTransferMode.FIRST_EXECUTION, codes, floats)
        .transferToDevice(DataTransferMode.EVERY_EXECUTION, stepInts, stepFloats)
        .task(
            "embed",
            RowKernels::embed,
            context,
            counter,
            table,
            stepInts,
            codes,
            floats,
            stepFloats,
            hidden,
            pool)
        .persistOnDevice(counter, stepInts, codes, floats, stepFloats, hidden);
  }

  private TaskGraph layer() {
    TaskGraph graph =
        new TaskGraph("layer")
            .consumeFromDevice(
                "begin", counter, table, stepInts, codes, floats, stepFloats, hidden, pool)
            .consumeFromDevice(
                "layer", counter, table, stepInts, codes, floats, stepFloats, hidden, pool);
    norm(graph, "attentionNorm", ModelTable.ATTENTION_NORM);
    multiply(
        graph, "queryKeyValue", normed, queryKeyValue, ModelTable.QUERY_KEY_VALUE, StepPlan.ROWS);
    graph.task(
        "heads",
        HeadKernels::prepare,
        context,
        counter,
        table,
        stepInts,
        stepFloats,
        floats,
        queryKeyValue,
        pool,
        fresh);
    graph.task(
        "attend",
        AttentionKernels::attend,
        context,
        counter,
        table,
        stepInts,
        stepFloats,
        queryKeyValue,
        pool,
        partial,
        pieces);
    graph.task(
        "merge",
        AttentionKernels::merge,
        context,
        table,
        stepInts,
        stepFloats,
        partial,
        attended,
        contextWeights);
    graph.task(
        "share",
        AttentionKernels::share,
        context,
        counter,
        table,
        stepInts,
        pieces,
        contextWeights,
        shares);
    update(
        graph,
        "attentionOutput",
        attended,
        ModelTable.ATTENTION_OUTPUT,
        ModelTable.ATTENTION_OUTPUT_NORM);
    norm(graph, "feedForwardNorm", ModelTable.FEED_FORWARD_NORM);
    multiply(graph, "gateUp", normed, gateUp, ModelTable.GATE_UP, StepPlan.ROWS);
    graph.task("gate", RowKernels::gate, context, table, stepInts, gateUp);
    update(graph, "down", gateUp, ModelTable.DOWN, ModelTable.DOWN_NORM);
    graph.task("advance", RowKernels::advance, context, counter, 0);
    return graph.persistOnDevice(
        fresh, shares, normed, queryKeyValue, attended, gateUp, partial, pieces, contextWeights);
  }

  private void norm(TaskGraph graph, String name, int vector) {
    graph.task(
        name,
        RowKernels::norm,
        context,
        counter,
        table,
        stepFloats,
        floats,
        hidden,
        normed,
        vector);
  }

  private void multiply(
      TaskGraph graph, String name, FloatArray x, FloatArray out, int operation, int count) {
    graph.task(
        name,
        MatrixKernels::multiply,
        context,
        counter,
        table,
        stepInts,
        codes,
        floats,
        x,
        out,
        operation,
        count);
  }

  private void update(TaskGraph graph, String name, FloatArray x, int operation, int norm) {
    if (normsUpdates) {
      multiply(graph, name, x, normed, operation, StepPlan.ROWS);
      graph.task(
          name + "Norm",
          RowKernels::addNormed,
          context,
          counter,
          table,
          stepFloats,
          floats,
          normed,
          hidden,
          norm);
    } else {
      multiply(graph, name, x, hidden, operation, StepPlan.ROWS);
    }
  }

  private TaskGraph output() {
    TaskGraph graph =
        new TaskGraph("output")
            .consumeFromDevice("layer", counter, table, stepInts, codes, floats, stepFloats, hidden)
            .consumeFromDevice(
                "output", counter, table, stepInts, codes, floats, stepFloats, hidden);
    graph.task(
        "norm",
        RowKernels::normWanted,
        context,
        counter,
        table,
        stepInts,
        stepFloats,
        floats,
        hidden,
        wanted);
    multiply(graph, "logits", wanted, logits, 0, StepPlan.WANTED);
    graph.task("advance", RowKernels::advance, context, counter, 1);
    return graph.persistOnDevice(wanted, logits);
  }

  private void grids() {
    grid("load.pages", HeadKernels.THREADS);
    grid("begin.embed", RowKernels.THREADS);
    grid("layer.attentionNorm", RowKernels.THREADS);
    grid("layer.feedForwardNorm", RowKernels.THREADS);
    for (String product : List.of("queryKeyValue", "attentionOutput", "gateUp", "down")) {
      grid("layer." + product, MatrixKernels.THREADS);
      grid("layer." + product + "Norm", RowKernels.THREADS);
    }
    grid("layer.heads", HeadKernels.THREADS);
    grid("layer.attend", AttentionKernels.THREADS);
    grid("layer.merge", AttentionKernels.MERGE_THREADS);
    grid("layer.share", RowKernels.THREADS);
    grid("layer.gate", RowKernels.THREADS);
    grid("layer.advance", 1);
    grid("output.norm", RowKernels.THREADS);
    grid("output.logits", MatrixKernels.THREADS);
    grid("output.advance", 1);
  }

  private void grid(String task, int threads) {
    WorkerGrid grid = new WorkerGrid2D(threads, 1);
    grid.setLocalWork(threads, 1, 1);
    grids.addWorkerGrid(task, grid);
  }

  /** Sets how many work-groups the next launches of a task have. */
  private void groups(String task, int x, int y) {
    WorkerGrid grid = grids.get(task);
    grid.setGlobalWork(x * grid.getLocalWork()[0], y, 1);
  }

  /** Work-groups of one thread for each of so many numbers. */
  private static int groups(int numbers) {
    return over(numbers, RowKernels.THREADS);
  }

  /** Collects pages and takes them to the device some at a time. */
  final class PageLoader implements PagePool.Loader {

    private final float[] page = new float[pageFloats];
    private int count;

    @Override
    public void load(KvStates states, int index, int slot) {
      Pages.read(states, index, page);
      MemorySegment.copy(
          page, 0, loadPages.getSegment(), FLOAT, 4L * count * pageFloats, pageFloats);
      loadSlots.set(count++, slot);
      if (count == pagesPerLoad) {
        flush();
      }
    }

    /** Takes to the device what has been collected. */
    void flush() {
      if (count > 0) {
        groups("load.pages", count, 1);
        plan.withGraph(LOAD).withGridScheduler(grids).execute();
        count = 0;
      }
    }
  }

  /** Runs the first layers over a step's rows. */
  void run(StepPlan step, float[] numbers, int layers) {
    MemorySegment.copy(step.ints(), 0, stepInts.getSegment(), INT, 0, step.size());
    MemorySegment.copy(numbers, 0, stepFloats.getSegment(), FLOAT, 0, numbers.length);
    int rows = step.rows();
    groups("begin.embed", rows, 1);
    plan.withGraph(BEGIN).withGridScheduler(grids).execute();
    layerGroups(step);
    TornadoExecutionResult result = null;
    for (int layer = 0; layer < layers; layer++) {
      result = plan.withGraph(LAYER).withGridScheduler(grids).execute();
    }
    result.transferToHost(new DataRange(fresh).withSize((long) rows * freshFloats()));
    if (step.cells() > 0) {
      result.transferToHost(new DataRange(shares).withSize(step.cells()));
    }
  }

  private void layerGroups(StepPlan step) {
    int rows = step.rows();
    int queries = model.heads() * model.headDim();
    groups("layer.attentionNorm", rows, 1);
    productGroups("layer.queryKeyValue", queries + 2 * keyWidth, rows);
    groups("layer.heads", groups(rows * (model.heads() + 2 * model.kvHeads())), 1);
    groups("layer.attend", step.items(), model.kvHeads());
    groups("layer.merge", model.heads(), rows);
    groups("layer.share", groups(Math.max(1, step.cells())), 1);
    productGroups("layer.attentionOutput", model.width(), rows);
    groups("layer.attentionOutputNorm", rows, 1);
    groups("layer.feedForwardNorm", rows, 1);
    productGroups("layer.gateUp", 2 * model.feedForward(), rows);
    groups("layer.gate", groups(rows * model.feedForward()), 1);
    productGroups("layer.down", model.width(), rows);
    groups("layer.downNorm", rows, 1);
  }

  private void productGroups(String task, int outputs, int rows) {
    groups(task, outputs / MatrixKernels.PANEL, over(rows, MatrixKernels.ROWS));
  }

  private static int over(int count, int size) {
    return (count + size - 1) / size;
  }

  /**
   * Computes the logits of the next rows whose logits are wanted.
   *
   * @param rows at most {@link StepPlan#LOGIT_ROWS}
   */
  void output(int rows) {
    groups("output.norm", rows, 1);
    productGroups("output.logits", logitStride, rows);
    plan.withGraph(OUTPUT)
        .withGridScheduler(grids)
        .execute()
        .transferToHost(new DataRange(logits).withSize((long) rows * logitStride));
  }

  /** Copies the logits of one of the rows that were just computed. */
  void logits(int row, float[] out, int offset) {
    MemorySegment.copy(
        logits.getSegment(), FLOAT, 4L * row * logitStride, out, offset, model.vocabulary());
  }

  /** Copies the keys and values of a row: by layer and head the key, then the value. */
  void fresh(int row, float[] out) {
    MemorySegment.copy(fresh.getSegment(), FLOAT, 4L * row * freshFloats(), out, 0, freshFloats());
  }

  /** A share that the step's table asked for. */
  float share(int cell) {
    return shares.get(cell);
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
