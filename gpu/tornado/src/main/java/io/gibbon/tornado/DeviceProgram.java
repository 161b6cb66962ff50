package io.gibbon.tornado;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.sampling.TopLogits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import uk.ac.manchester.tornado.api.DataRange;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/**
 * A model on a device: takes pages there, runs steps and brings results back. Kernels are compiled
 * once, and all arrays but the step's plan stay on the device. One thread at a time.
 */
final class DeviceProgram implements AutoCloseable {

  /** Numbers that one loading takes to the device, about. */
  private static final int LOAD_NUMBERS = 1 << 21;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private static final int LOAD = 0;
  private static final int LOAD_CODES = 1;
  private static final int BEGIN = 2;
  private static final int OUTPUT = 3;
  private static final int LAYER = 4;

  private final ModelDescription model;
  private final int pageNumbers;
  private final int pageScales;
  private final int logitStride;
  private final int pagesPerLoad;
  private final DeviceArrays arrays;
  private final List<String> layerGraphs;
  private final List<LayerArrays> layerArrays = new ArrayList<>();
  private final Grids grids;
  private final TornadoExecutionPlan plan;
  private LayerArrays results;
  private int topCount;

  /**
   * Compiles the kernels and takes the weights to the device.
   *
   * @param products how it multiplies by weights
   * @param slots pages of KV states that the device keeps
   */
  DeviceProgram(
      ModelDescription model,
      KvLayout layout,
      DeviceWeights weights,
      TornadoDevice device,
      Products products,
      PageSlots slots) {
    this.model = model;
    this.pageNumbers = Pages.size(layout);
    this.pageScales = Pages.scales(layout);
    this.pagesPerLoad = Math.max(1, LOAD_NUMBERS / pageNumbers);
    this.logitStride = weights.outputStride();
    this.arrays = new DeviceArrays(model, layout, weights, slots, pagesPerLoad);
    this.grids = new Grids(model, products);
    this.layerGraphs = DeviceGraphs.layers(products);
    DeviceGraphs graphs = new DeviceGraphs(arrays, products);
    List<ImmutableTaskGraph> all = new ArrayList<>();
    Collections.addAll(all, graphs.load(), graphs.loadCodes(), graphs.begin(), graphs.output());
    for (String name : layerGraphs) {
      LayerArrays own = new LayerArrays(model);
      layerArrays.add(own);
      Products ways = name.equals(DeviceGraphs.LAYER) ? products : products.forMany();
      all.add(new LayerGraph(name, arrays, own, ways, weights.normsUpdates()).build());
    }
    this.results = layerArrays.getFirst();
    this.plan = new TornadoExecutionPlan(all.toArray(ImmutableTaskGraph[]::new));
    try {
      plan.withDevice(device);
      // One after the other: each takes the arrays that it shares from the one that ran before it.
      for (int graph : new int[] {LOAD, LOAD_CODES, BEGIN}) {
        plan.withGraph(graph).withGridScheduler(grids.scheduler()).execute();
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Collects pages of floats and takes them to the device some at a time. */
  final class PageLoader implements PagePool.Loader {

    private final float[] page = new float[pageNumbers];
    private int count;

    @Override
    public void load(KvStates states, int index, int slot) {
      Pages.read(states, index, page);
      MemorySegment.copy(
          page, 0, arrays.loadPages.getSegment(), FLOAT, 4L * count * pageNumbers, pageNumbers);
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

  /** Collects pages of codes and takes them to the device some at a time. */
  final class CodeLoader implements PagePool.Loader {

    private final byte[] codes = new byte[pageNumbers];
    private final float[] scales = new float[pageScales];
    private int count;

    @Override
    public void load(KvStates states, int index, int slot) {
      Pages.readCodes(states, index, codes, scales);
      MemorySegment.copy(
          codes, 0, arrays.loadCodes.getSegment(), BYTE, (long) count * pageNumbers, pageNumbers);
      MemorySegment.copy(
          scales, 0, arrays.loadScales.getSegment(), FLOAT, 4L * count * pageScales, pageScales);
      arrays.loadCodeSlots.set(count++, slot);
      if (count == pagesPerLoad) {
        flush();
      }
    }

    /** Takes to the device what has been collected. */
    void flush() {
      if (count > 0) {
        grids.groups("loadCodes.pages", count, 1);
        plan.withGraph(LOAD_CODES).withGridScheduler(grids.scheduler()).execute();
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
    int graph = rows < TileKernels.LEAST_ROWS ? 0 : layerGraphs.size() - 1;
    grids.layer(layerGraphs.get(graph), step);
    TornadoExecutionResult result = null;
    for (int layer = 0; layer < layers; layer++) {
      result = plan.withGraph(LAYER + graph).withGridScheduler(grids.scheduler()).execute();
    }
    results = layerArrays.get(graph);
    result.transferToHost(new DataRange(results.fresh).withSize((long) rows * freshFloats(model)));
    if (step.cells() > 0) {
      result.transferToHost(new DataRange(results.shares).withSize(step.cells()));
    }
  }

  /**
   * Computes the logits of the next rows whose logits are wanted, and brings back of them what the
   * step's slices ask for.
   *
   * @param rows at most {@link StepTable#LOGIT_ROWS}
   */
  void output(StepPlan step, int rows) {
    topCount = step.topCount();
    grids.logits(logitStride, rows, topCount > 0);
    TornadoExecutionResult result =
        plan.withGraph(OUTPUT).withGridScheduler(grids.scheduler()).execute();
    if (step.wantsWholeRows()) {
      result.transferToHost(new DataRange(arrays.logits).withSize((long) rows * logitStride));
    }
    if (topCount > 0) {
      result.transferToHost(new DataRange(arrays.top).withSize((long) rows * foundInRow()));
    }
  }

  private int foundInRow() {
    return TopKernels.segments(model.vocabulary()) * TopKernels.found(topCount);
  }

  /** Copies the logits of one of the rows that were just computed. */
  void logits(int row, float[] out, int offset) {
    MemorySegment.copy(
        arrays.logits.getSegment(), FLOAT, 4L * row * logitStride, out, offset, model.vocabulary());
  }

  /** Merges what was found in the segments of one of the rows that were just computed. */
  void top(int row, TopLogits out, int outRow) {
    int size = TopKernels.found(topCount);
    int first = row * foundInRow();
    int end = first + foundInRow();
    double greatest = Double.NEGATIVE_INFINITY;
    for (int at = first; at < end; at += size) {
      greatest = Math.max(greatest, greatest(at));
    }
    double sum = 0;
    for (int at = first; at < end; at += size) {
      sum += arrays.top.get(at) * Math.exp(greatest(at) - greatest);
    }
    out.clear(outRow, greatest + Math.log(sum));
    for (int at = first, token = 0; at < end; at += size, token += TopKernels.SEGMENT) {
      for (int i = at + 1; i < at + size && arrays.top.get(i + 1) >= 0; i += 2) {
        out.offer(outRow, token + (int) arrays.top.get(i + 1), arrays.top.get(i));
      }
    }
  }

  /** What a segment's exponentials are relative to. */
  private float greatest(int segment) {
    return arrays.top.get(segment + 2) < 0 ? 0 : arrays.top.get(segment + 1);
  }

  /** Copies the keys and values of a row: by layer and head the key, then the value. */
  void fresh(int row, float[] out) {
    int floats = freshFloats(model);
    MemorySegment.copy(results.fresh.getSegment(), FLOAT, 4L * row * floats, out, 0, floats);
  }

  /** A share that the step's table asked for. */
  float share(int cell) {
    return results.shares.get(cell);
  }

  /** Floats of a row's keys and values. */
  static int freshFloats(ModelDescription model) {
    return model.layers() * 2 * model.kvHeads() * model.headDim();
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
