package io.gibbon.runtime;

import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.rank.Steps;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Encodes contexts one behind the other, as in one prompt, on the thread that asks. What the first
 * one gets, right behind the prefix, are the states that it has apart. A copy in another format
 * that it works on meanwhile counts against the budget of KV states; what it returns is for its
 * caller to count. Thread-safe if its steps are.
 */
public final class SequentialEncoder {

  /** Rows of one step: bounds the time that answers wait, and that a cancellation takes. */
  private static final int STEP_ROWS = 128;

  private final Steps steps;
  private final KvLayout layout;
  private final @Nullable KvStates prefix;
  private final KvCache budget;

  /**
   * An encoder of one model.
   *
   * @param steps what runs its steps
   * @param layout of the states that it returns
   * @param prefix what stands in front of everything, or null
   * @param budget where the working copy is counted
   */
  public SequentialEncoder(
      Steps steps, KvLayout layout, @Nullable KvStates prefix, KvCache budget) {
    this.steps = steps;
    this.layout = layout;
    this.prefix = prefix;
    this.budget = budget;
  }

  /**
   * Encodes a context behind others.
   *
   * @param before states of the contexts in front of it, in order; they stay the caller's
   * @param tokens at least one; they fit the model's window behind the others
   * @param wanted asked before every step
   * @return states that the caller closes
   * @throws CancellationException if it is not wanted any more
   * @throws OverloadedException if states in use leave no room
   * @throws IllegalArgumentException if the states and the copy together never fit the budget
   * @throws ClosedException if the model is closed
   */
  public KvStates encode(List<KvStates> before, int[] tokens, BooleanSupplier wanted) {
    KvLayout working = layout.working();
    if (working.equals(layout)) {
      return filled(layout, before, tokens, wanted);
    }
    long bytes = working.bytes(tokens.length);
    budget.reserve(bytes, layout.bytes(tokens.length));
    try (KvStates states = filled(working, before, tokens, wanted)) {
      return states.in(layout);
    } finally {
      budget.release(bytes);
    }
  }

  private KvStates filled(
      KvLayout format, List<KvStates> before, int[] tokens, BooleanSupplier wanted) {
    KvStates own = KvStates.allocate(format, tokens.length);
    try {
      fill(own, before, tokens, wanted);
      return own;
    } catch (RuntimeException | Error e) {
      own.close();
      throw e;
    }
  }

  private void fill(KvStates own, List<KvStates> before, int[] tokens, BooleanSupplier wanted) {
    Sequence sequence = new Reading(before, Combination.SEQUENTIAL, 1, 1).sequence(prefix, own);
    Steps whileWanted = steps.asLongAs(wanted);
    for (int from = 0; from < tokens.length; from += STEP_ROWS) {
      int[] some = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + STEP_ROWS));
      whileWanted.run(List.of(new Slice(sequence, from, some, null, null)));
    }
  }
}
