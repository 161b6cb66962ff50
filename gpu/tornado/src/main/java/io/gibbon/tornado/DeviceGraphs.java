package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The kernels of a {@link DeviceProgram} as task graphs. Each names the graphs that may run before
 * it, since TornadoVM shares buffers from the one that ran last.
 */
final class DeviceGraphs {

  private final KernelContext context = new KernelContext();
  private final DeviceArrays arrays;
  private final Products products;
  private final boolean normsUpdates;

  /**
   * Graphs over these arrays.
   *
   * @param normsUpdates whether the model norms what attention and feed-forward add
   */
  DeviceGraphs(DeviceArrays arrays, Products products, boolean normsUpdates) {
    this.arrays = arrays;
    this.products = products;
    this.normsUpdates = normsUpdates;
  }

  /** Pages go to their slots. */
  ImmutableTaskGraph load() {
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
        .persistOnDevice(arrays.table, arrays.pool)
        .snapshot();
  }

  /** A step begins: its plan goes to the device, its rows are those of the embedding. */
  ImmutableTaskGraph begin() {
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
            arrays.hidden)
        .snapshot();
  }

  /** A layer runs: the next one, which a counter on the device tells. */
  ImmutableTaskGraph layer() {
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
        StepTable.ROWS);
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
    multiply(graph, "gateUp", arrays.normed, arrays.gateUp, ModelTable.GATE_UP, StepTable.ROWS);
    graph.task("gate", RowKernels::gate, context, arrays.table, arrays.stepInts, arrays.gateUp);
    update(graph, "down", arrays.gateUp, ModelTable.DOWN, ModelTable.DOWN_NORM);
    graph.task("advance", RowKernels::advance, context, arrays.counter, 0);
    return graph
        .persistOnDevice(
            arrays.fresh,
            arrays.shares,
            arrays.normed,
            arrays.queryKeyValue,
            arrays.attended,
            arrays.gateUp,
            arrays.partial,
            arrays.pieces,
            arrays.contextWeights)
        .snapshot();
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
    if (products == Products.LANES) {
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
      multiply(graph, name, x, arrays.normed, operation, StepTable.ROWS);
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
      multiply(graph, name, x, arrays.hidden, operation, StepTable.ROWS);
    }
  }

  /** Some rows' logits. */
  ImmutableTaskGraph output() {
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
    multiply(graph, "logits", arrays.wanted, arrays.logits, 0, StepTable.WANTED);
    graph.task("advance", RowKernels::advance, context, arrays.counter, 1);
    return graph.persistOnDevice(arrays.wanted, arrays.logits).snapshot();
  }
}
