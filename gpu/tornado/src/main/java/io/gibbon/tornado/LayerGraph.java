package io.gibbon.tornado;

import java.util.List;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The kernels of a layer as a task graph. The same graph runs for every layer. */
final class LayerGraph {

  private final String name;
  private final TaskGraph graph;
  private final DeviceArrays arrays;
  private final LayerArrays own;
  private final Products products;
  private final boolean normsUpdates;
  private final KernelContext context = new KernelContext();

  /**
   * An empty graph.
   *
   * @param own what it computes
   * @param normsUpdates whether the model norms what attention and feed-forward add
   */
  LayerGraph(
      String name, DeviceArrays arrays, LayerArrays own, Products products, boolean normsUpdates) {
    this.name = name;
    this.graph = new TaskGraph(name);
    this.arrays = arrays;
    this.own = own;
    this.products = products;
    this.normsUpdates = normsUpdates;
  }

  /** The whole graph: which layer is the next one, a counter on the device tells. */
  ImmutableTaskGraph build() {
    for (String before : List.of(DeviceGraphs.BEGIN, name)) {
      graph.consumeFromDevice(before, arrays.ofStep()).consumeFromDevice(before, arrays.pools());
    }
    norm("attentionNorm", ModelTable.ATTENTION_NORM);
    multiply("queryKeyValue", own.normed, own.queryKeyValue, ModelTable.QUERY_KEY_VALUE);
    attend();
    update(
        "attentionOutput",
        own.attended,
        ModelTable.ATTENTION_OUTPUT,
        ModelTable.ATTENTION_OUTPUT_NORM);
    norm("feedForwardNorm", ModelTable.FEED_FORWARD_NORM);
    multiply("gateUp", own.normed, own.gateUp, ModelTable.GATE_UP);
    graph.task("gate", RowKernels::gate, context, arrays.table, arrays.stepInts, own.gateUp);
    update("down", own.gateUp, ModelTable.DOWN, ModelTable.DOWN_NORM);
    graph.task("advance", RowKernels::advance, context, arrays.counter, 0);
    return graph.persistOnDevice(own.all()).snapshot();
  }

  private void attend() {
    graph.task(
        "heads",
        HeadKernels::prepare,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        arrays.floats,
        own.queryKeyValue,
        arrays.pool,
        own.fresh);
    graph.task(
        "attend",
        AttentionKernels::attend,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        own.queryKeyValue,
        arrays.pool,
        arrays.codePool,
        arrays.scalePool,
        own.partial,
        own.pieces);
    graph.task(
        "merge",
        MergeKernels::merge,
        context,
        arrays.table,
        arrays.stepInts,
        arrays.stepFloats,
        own.partial,
        own.attended,
        own.contextWeights);
    graph.task(
        "share",
        MergeKernels::share,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepInts,
        own.pieces,
        own.contextWeights,
        own.shares);
  }

  private void norm(String task, int vector) {
    graph.task(
        task,
        RowKernels::norm,
        context,
        arrays.counter,
        arrays.table,
        arrays.stepFloats,
        arrays.floats,
        arrays.hidden,
        own.normed,
        vector);
  }

  private void multiply(String task, FloatArray x, FloatArray out, int operation) {
    products.addTo(graph, task, context, arrays, x, out, operation, StepTable.ROWS);
  }

  private void update(String task, FloatArray x, int operation, int norm) {
    if (normsUpdates) {
      multiply(task, x, own.normed, operation);
      graph.task(
          task + "Norm",
          RowKernels::addNormed,
          context,
          arrays.counter,
          arrays.table,
          arrays.stepFloats,
          arrays.floats,
          own.normed,
          arrays.hidden,
          norm);
    } else {
      multiply(task, x, arrays.hidden, operation);
    }
  }
}
