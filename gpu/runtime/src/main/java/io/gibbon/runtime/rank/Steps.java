package io.gibbon.runtime.rank;

import io.gibbon.runtime.engine.Slice;
import java.util.List;

/** Runs slices through a model and returns when they have run. */
@FunctionalInterface
public interface Steps {

  /**
   * Fills in what the slices ask for, in one step.
   *
   * @throws io.gibbon.runtime.ClosedException if the model is closed
   */
  void run(List<Slice> slices);
}
