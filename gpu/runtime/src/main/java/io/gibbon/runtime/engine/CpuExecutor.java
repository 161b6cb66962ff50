package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import java.lang.foreign.Arena;
import java.util.List;

/** Runs a model on the CPU's cores with any {@link Kernels}. */
public final class CpuExecutor implements Executor {

  private final ModelDescription model;
  private final KvLayout layout;
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
    this.model = model.description();
    this.layout = layout;
    this.workers = new Workers(threads);
    try {
      requireSupported(this.model);
      Weights weights = Weights.pack(model, arena, workers);
      this.forwardPass = new ForwardPass(this.model, weights, layout, kernels, workers);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static void requireSupported(ModelDescription model) {
    requireMultiple("head dimension", model.headDim(), KvLayout.PANEL);
    requireMultiple("embedding length", model.width(), 32);
    requireMultiple("feed-forward length", model.feedForward(), 32);
    requireMultiple("number of heads", model.heads(), model.kvHeads());
  }

  private static void requireMultiple(String what, int value, int of) {
    if (value % of != 0) {
      throw new IllegalArgumentException(what + " " + value + " is no multiple of " + of);
    }
  }

  @Override
  public void step(List<Slice> slices) {
    slices.forEach(this::requireValid);
    if (!slices.isEmpty()) {
      forwardPass.run(slices);
    }
  }

  private void requireValid(Slice slice) {
    int end = slice.first() + slice.tokens().length;
    Sequence sequence = slice.sequence();
    if (slice.tokens().length == 0 || slice.first() < 0 || end > sequence.own().tokens()) {
      throw new IllegalArgumentException(
          "tokens %d to %d in own states of %d"
              .formatted(slice.first(), end, sequence.own().tokens()));
    }
    requireShape(sequence.own());
    if (sequence.prefix() != null) {
      requireShape(sequence.prefix());
    }
    sequence.contexts().forEach(this::requireShape);
    requireHeads(slice);
    for (int token : slice.tokens()) {
      if (token < 0 || token >= model.vocabulary()) {
        throw new IllegalArgumentException(
            "token " + token + " in a vocabulary of " + model.vocabulary());
      }
    }
  }

  private void requireHeads(Slice slice) {
    HeadShares shares = slice.shares();
    if (shares == null) {
      return;
    }
    int contexts = slice.sequence().contexts().size();
    if (shares.contexts() != contexts) {
      throw new IllegalArgumentException(
          "shares of %d contexts instead of %d".formatted(shares.contexts(), contexts));
    }
    for (Head head : shares.heads()) {
      if (head.layer() >= model.layers() || head.head() >= model.heads()) {
        throw new IllegalArgumentException(
            "%s in a model of %d layers and %d heads"
                .formatted(head, model.layers(), model.heads()));
      }
    }
  }

  private void requireShape(KvStates states) {
    if (!states.layout().sameShape(layout)) {
      throw new IllegalArgumentException(
          "states with layout %s instead of the shape of %s".formatted(states.layout(), layout));
    }
  }

  @Override
  public void close() {
    workers.close();
    arena.close();
  }
}
