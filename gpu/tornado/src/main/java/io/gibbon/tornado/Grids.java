package io.gibbon.tornado;

import io.gibbon.runtime.model.ModelDescription;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;

/** How many work-groups each task of a {@link DeviceProgram} has in its next launch. */
final class Grids {

  private final ModelDescription model;
  private final GridScheduler scheduler = new GridScheduler();

  /**
   * Grids of one work-group.
   *
   * @param products how the device multiplies by weights
   */
  Grids(ModelDescription model, Products products) {
    this.model = model;
    grid("load.pages", HeadKernels.THREADS);
    grid("begin.embed", RowKernels.THREADS);
    grid("layer.attentionNorm", RowKernels.THREADS);
    grid("layer.feedForwardNorm", RowKernels.THREADS);
    for (String product : List.of("queryKeyValue", "attentionOutput", "gateUp", "down")) {
      grid("layer." + product, products.threads());
      grid("layer." + product + "Norm", RowKernels.THREADS);
    }
    grid("layer.heads", HeadKernels.THREADS);
    grid("layer.attend", AttentionKernels.THREADS);
    grid("layer.merge", MergeKernels.THREADS);
    grid("layer.share", RowKernels.THREADS);
    grid("layer.gate", RowKernels.THREADS);
    grid("layer.advance", 1);
    grid("output.norm", RowKernels.THREADS);
    grid("output.logits", products.threads());
    grid("output.advance", 1);
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

  /** Sets the grid of a product of rows and weights. */
  void product(String task, int outputs, int rows) {
    groups(task, outputs / MatrixKernels.PANEL, over(rows, MatrixKernels.ROWS));
  }

  /** Sets the grids of a layer. */
  void layer(StepPlan step) {
    int rows = step.rows();
    int queries = model.heads() * model.headDim();
    int keys = model.kvHeads() * model.headDim();
    groups("layer.attentionNorm", rows, 1);
    product("layer.queryKeyValue", queries + 2 * keys, rows);
    threads("layer.heads", rows * (model.heads() + 2 * model.kvHeads()));
    groups("layer.attend", step.items(), model.kvHeads());
    groups("layer.merge", model.heads(), rows);
    threads("layer.share", Math.max(1, step.cells()));
    product("layer.attentionOutput", model.width(), rows);
    groups("layer.attentionOutputNorm", rows, 1);
    groups("layer.feedForwardNorm", rows, 1);
    product("layer.gateUp", 2 * model.feedForward(), rows);
    threads("layer.gate", rows * model.feedForward());
    product("layer.down", model.width(), rows);
    groups("layer.downNorm", rows, 1);
  }

  /** Sets the grid of a task that has a thread for each of so many numbers. */
  private void threads(String task, int numbers) {
    groups(task, over(numbers, RowKernels.THREADS), 1);
  }

  private static int over(int count, int size) {
    return (count + size - 1) / size;
  }
}
