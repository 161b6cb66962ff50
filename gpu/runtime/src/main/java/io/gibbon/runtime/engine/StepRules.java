package io.gibbon.runtime.engine;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import java.util.List;

/**
 * What every {@link Executor} refuses: models whose shape no kernels run, and slices that do not
 * fit the model. Immutable.
 */
public final class StepRules {

  private final ModelDescription model;
  private final KvLayout layout;

  /**
   * The rules of one model.
   *
   * @throws IllegalArgumentException if the model has a shape that kernels cannot run
   */
  public StepRules(ModelDescription model, KvLayout layout) {
    this.model = model;
    this.layout = layout;
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

  /**
   * Checks the slices of a step.
   *
   * @throws IllegalArgumentException telling what is wrong
   */
  public void require(List<Slice> slices) {
    slices.forEach(this::requireValid);
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
}
