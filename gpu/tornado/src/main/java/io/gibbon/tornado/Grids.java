package io.gibbon.tornado;

import io.gibbon.runtime.model.ModelDescription;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;

/** How many work-groups each task of a {@link DeviceProgram} has in its next launch. */
final class Grids {

  private final ModelDescription model;
  private final Products products;
  private final GridScheduler scheduler = new GridScheduler();

  /**
   * Grids of one work-group.
   *
   * @param products how the device multiplies by weights
   */
  Grids(ModelDescription model, Products products) {
    this.model = model;
    this.products = products;
    grid("load.pages", HeadKernels.THREADS);
    grid("loadCodes.pages", HeadKernels.THREADS);
    grid("begin.embed", RowKernels.THREADS);
    DeviceGraphs.layers(products).forEach(this::layerGrids);
    grid("output.norm", RowKernels.THREADS);
    grid("output.logits", products.threads());
    grid("output.top", TopKernels.THREADS);
    grid("output.advance", 1);
  }

  private void layerGrids(String graph) {
    for (String norm : List.of("attentionNorm", "feedForwardNorm")) {
      grid(graph + "." + norm, RowKernels.THREADS);
    }
    for (String product : List.of("queryKeyValue", "attentionOutput", "gateUp", "down")) {
      grid(graph + "." + product, products(graph).threads());
      grid(graph + "." + product + "Norm", RowKernels.THREADS);
    }
    grid(graph + ".heads", HeadKernels.THREADS);
    grid(graph + ".attend", AttentionKernels.THREADS);
    grid(graph + ".merge", MergeKernels.THREADS);
    grid(graph + ".share", RowKernels.THREADS);
    grid(graph + ".gate", RowKernels.THREADS);
    grid(graph + ".advance", 1);
  }

  /** How a graph multiplies. */
  private Products products(String graph) {
    return graph.equals(DeviceGraphs.LAYER_OF_MANY) ? products.forMany() : products;
  }

  private void grid(String task, int threads) {
    WorkerGrid grid = new WorkerGrid2D(threads, 1);
    grid.setLocalWork(threads, 1, 1);
    scheduler.addWorkerGrid(task, grid);
  }

  /** What TornadoVM reads them from. */
  GridScheduler scheduler() {
    return scheduler;
  }

  /** Sets how many work-groups the next launches of a task have. */
  void groups(String task, int x, int y) {
    WorkerGrid grid = scheduler.get(task);
    grid.setGlobalWork(x * grid.getLocalWork()[0], y, 1);
  }

  /**
   * Sets the grids of what makes logits.
   *
   * @param top whether only the greatest of some row are wanted
   */
  void logits(int outputs, int rows, boolean top) {
    groups("output.norm", rows, 1);
    product("output", "logits", outputs, rows);
    groups("output.top", top ? TopKernels.segments(model.vocabulary()) : 1, top ? rows : 1);
  }

  private void product(String graph, String task, int outputs, int rows) {
    Products way = products(graph);
    int panels = outputs / MatrixKernels.PANEL;
    groups(graph + "." + task, over(panels, way.panels()), over(rows, way.rows()));
  }

  /** Sets the grids of a layer's graph. */
  void layer(String graph, StepPlan step) {
    int rows = step.rows();
    int queries = model.heads() * model.headDim();
    int keys = model.kvHeads() * model.headDim();
    groups(graph + ".attentionNorm", rows, 1);
    product(graph, "queryKeyValue", queries + 2 * keys, rows);
    threads(graph + ".heads", rows * (model.heads() + 2 * model.kvHeads()));
    groups(graph + ".attend", step.items(), model.kvHeads());
    groups(graph + ".merge", model.heads(), rows);
    threads(graph + ".share", Math.max(1, step.cells()));
    product(graph, "attentionOutput", model.width(), rows);
    groups(graph + ".attentionOutputNorm", rows, 1);
    groups(graph + ".feedForwardNorm", rows, 1);
    product(graph, "gateUp", 2 * model.feedForward(), rows);
    threads(graph + ".gate", rows * model.feedForward());
    product(graph, "down", model.width(), rows);
    groups(graph + ".downNorm", rows, 1);
  }

  /** Sets the grid of a task that has a thread for each of so many numbers. */
  private void threads(String task, int numbers) {
    groups(task, over(numbers, RowKernels.THREADS), 1);
  }

  private static int over(int count, int size) {
    return (count + size - 1) / size;
  }
}
