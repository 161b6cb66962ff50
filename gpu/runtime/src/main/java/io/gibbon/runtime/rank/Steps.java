package io.gibbon.runtime.rank;

import io.gibbon.runtime.engine.Slice;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Runs slices through a model and returns when they have run. */
@FunctionalInterface
public interface Steps {

  /**
   * Fills in what the slices ask for, in one step.
   *
   * @throws io.gibbon.runtime.ClosedException if the model is closed
   */
  void run(List<Slice> slices);

  /**
   * The same steps for somebody who may leave.
   *
   * @param wanted asked before every step; once it says no, {@link #run} throws {@link
   *     CancellationException}
   */
  default Steps asLongAs(BooleanSupplier wanted) {
    return slices -> {
      if (!wanted.getAsBoolean()) {
        throw new CancellationException("nobody wants the result any more");
      }
      run(slices);
    };
  }
}
