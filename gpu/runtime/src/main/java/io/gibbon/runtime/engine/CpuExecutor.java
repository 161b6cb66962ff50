package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import java.lang.foreign.Arena;
import java.util.List;

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
    ModelDescription description = model.description();
    this.rules = new StepRules(description, layout);
    this.workers = new Workers(threads);
    try {
      Weights weights = Weights.pack(model, arena, workers);
      this.forwardPass = new ForwardPass(description, weights, layout, kernels, workers);
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
