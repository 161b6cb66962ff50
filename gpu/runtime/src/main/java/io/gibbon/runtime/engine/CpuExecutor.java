package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.BiFunction;

/** Runs a model on the CPU's cores with any {@link Kernels}. */
public final class CpuExecutor implements Executor {

  private final StepRules rules;
  private final Arena arena = Arena.ofShared();
  private final Workers workers;
  private final ForwardPass forwardPass;

  /**
   * Packs the model's weights; the model may be closed afterwards.
   *
   * @param threads compute threads, the caller of {@link #step} included
   * @throws IllegalArgumentException if the model lacks a weight or has a shape that the kernels
   *     cannot run
   */
  public CpuExecutor(Model model, KvLayout layout, Kernels kernels, int threads) {
    this(
        model.description(),
        layout,
        kernels,
        threads,
        (arena, workers) -> Weights.pack(model, arena, workers));
  }

  /** An executor over weights that are packed already and outlive it. */
  public CpuExecutor(ModelDescription model, Weights weights, KvLayout layout, Kernels kernels) {
    this(model, layout, kernels, 1, (arena, workers) -> weights);
  }

  private CpuExecutor(
      ModelDescription model,
      KvLayout layout,
      Kernels kernels,
      int threads,
      BiFunction<Arena, Workers, Weights> weights) {
    this.rules = new StepRules(model, layout);
    this.workers = new Workers(threads);
    try {
      this.forwardPass =
          new ForwardPass(model, weights.apply(arena, workers), layout, kernels, workers);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  @Override
  public void step(List<Slice> slices) {
    rules.require(slices);
    if (!slices.isEmpty()) {
      forwardPass.run(slices);
    }
  }

  @Override
  public void close() {
    workers.close();
    arena.close();
  }
}
