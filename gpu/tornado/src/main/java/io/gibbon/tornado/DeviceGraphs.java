package io.gibbon.tornado;

import java.util.List;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;

/**
 * The kernels of a {@link DeviceProgram} as task graphs. Each names the graphs that may run before
 * it, since TornadoVM shares buffers from the one that ran last.
 */
final class DeviceGraphs {

  /** A graph that takes pages to their slots. */
  static final String LOAD = "load";

  /** A graph that takes pages of codes to their slots. */
  static final String LOAD_CODES = "loadCodes";

  /** A graph with which a step begins. */
  static final String BEGIN = "begin";

  /** A graph that computes some rows' logits. */
  static final String OUTPUT = "output";

  /** A layer for any number of rows. */
  static final String LAYER = "layer";

  /** A layer for many rows, where they are multiplied in another way. */
  static final String LAYER_OF_MANY = "manyLayer";

  private final KernelContext context = new KernelContext();
  private final DeviceArrays arrays;
  private final Products products;

  /** Graphs over these arrays. */
  DeviceGraphs(DeviceArrays arrays, Products products) {
    this.arrays = arrays;
    this.products = products;
  }

  /** Names of the layers' graphs. */
  static List<String> layers(Products products) {
    return products.forMany() == products ? List.of(LAYER) : List.of(LAYER, LAYER_OF_MANY);
  }

  /** Takes pages to their slots. */
  ImmutableTaskGraph load() {
    return new TaskGraph(LOAD)
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

  /** Graphs that hold all pools and may run before a step. */
  private List<String> beforeStep() {
    return Stream.concat(layers(products).stream(), Stream.of(LOAD_CODES)).toList();
  }

  /** Takes pages of codes to their slots. */
  ImmutableTaskGraph loadCodes() {
    TaskGraph graph = new TaskGraph(LOAD_CODES).consumeFromDevice(LOAD, arrays.table, arrays.pool);
    beforeStep().forEach(name -> graph.consumeFromDevice(name, arrays.table, arrays.pool));
    return graph
        .consumeFromDevice(OUTPUT, arrays.table)
        .transferToDevice(
            DataTransferMode.EVERY_EXECUTION,
            arrays.loadCodeSlots,
            arrays.loadCodes,
            arrays.loadScales)
        .task(
            "pages",
            HeadKernels::loadCodes,
            context,
            arrays.loadCodeSlots,
            arrays.loadCodes,
            arrays.loadScales,
            arrays.codePool,
            arrays.scalePool,
            arrays.table,
            arrays.pool)
        .persistOnDevice(arrays.codePool, arrays.scalePool)
        .snapshot();
  }

  /** Takes a step's plan to the device, and its rows from the embedding. */
  ImmutableTaskGraph begin() {
    TaskGraph graph = new TaskGraph(BEGIN).consumeFromDevice(LOAD, arrays.table, arrays.pool);
    for (String name : beforeStep()) {
      graph.consumeFromDevice(name, arrays.table).consumeFromDevice(name, arrays.pools());
    }
    return graph
        .consumeFromDevice(OUTPUT, arrays.table)
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
            arrays.pool,
            arrays.codePool,
            arrays.scalePool)
        .persistOnDevice(
            arrays.counter,
            arrays.stepInts,
            arrays.codes,
            arrays.floats,
            arrays.stepFloats,
            arrays.hidden)
        .snapshot();
  }

  /** Computes the logits of some rows, and which are the greatest. */
  ImmutableTaskGraph output() {
    Object[] step = arrays.ofStep();
    TaskGraph graph = new TaskGraph(OUTPUT).consumeFromDevice(OUTPUT, step);
    layers(products).forEach(layer -> graph.consumeFromDevice(layer, step));
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
    products.addTo(
        graph, "logits", context, arrays, arrays.wanted, arrays.logits, 0, StepTable.WANTED);
    graph.task(
        "top", TopKernels::top, context, arrays.table, arrays.stepInts, arrays.logits, arrays.top);
    graph.task("advance", RowKernels::advance, context, arrays.counter, 1);
    return graph.persistOnDevice(arrays.wanted, arrays.logits, arrays.top).snapshot();
  }
}
