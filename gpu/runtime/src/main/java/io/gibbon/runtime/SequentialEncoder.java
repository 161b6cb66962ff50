package io.gibbon.runtime;

import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.Steps;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Encodes contexts one behind the other, as in one prompt, on the thread that asks. What the first
 * one gets, right behind the prefix, are the states that it has apart. Thread-safe if its steps
 * are.
 */
public final class SequentialEncoder {

  /** Rows of one step: bounds the time that answers wait. */
  private static final int STEP_ROWS = 128;

  private final Steps steps;
  private final KvLayout layout;
  private final @Nullable KvStates prefix;

  /**
   * @param layout of the states that it returns
   * @param prefix what stands in front of everything, or null
   */
  public SequentialEncoder(Steps steps, KvLayout layout, @Nullable KvStates prefix) {
    this.steps = steps;
    this.layout = layout;
    this.prefix = prefix;
  }

  /**
   * Encodes a context behind others.
   *
   * @param before states of the contexts in front of it, in order; they stay the caller's
   * @param tokens at least one; they fit the model's window behind the others
   * @return states that the caller closes
   * @throws ClosedException if the model is closed
   */
  public KvStates encode(List<KvStates> before, int[] tokens) {
    KvStates working = KvStates.allocate(layout.working(), tokens.length);
    try {
      fill(working, before, tokens);
    } catch (RuntimeException | Error e) {
      working.close();
      throw e;
    }
    if (working.layout().equals(layout)) {
      return working;
    }
    try (working) {
      return working.in(layout);
    }
  }

  private void fill(KvStates own, List<KvStates> before, int[] tokens) {
    int start = (prefix == null ? 0 : prefix.tokens()) + Combination.SEQUENTIAL.length(before);
    Sequence sequence = new Sequence(prefix, before, Combination.SEQUENTIAL, own, start, 1, 1);
    for (int from = 0; from < tokens.length; from += STEP_ROWS) {
      int[] some = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + STEP_ROWS));
      steps.run(List.of(new Slice(sequence, from, some, null, null)));
    }
  }
}
