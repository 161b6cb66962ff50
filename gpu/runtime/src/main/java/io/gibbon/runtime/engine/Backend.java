package io.gibbon.runtime.engine;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import java.util.List;
import java.util.Optional;

/** A way to run models, found by {@link java.util.ServiceLoader}. */
public interface Backend {

  /** Name in configuration and logs, such as {@code cpu}. */
  String name();

  /** Greater is tried first. */
  int priority();

  /** Why this backend cannot run here, or empty if it can. */
  Optional<String> unavailable();

  /**
   * What it can run on where it is available, best first: a line each, with the memory, and what
   * was measured of it where that is not the processor. May take seconds.
   */
  default List<String> devices() {
    return List.of();
  }

  /**
   * Loads the model, which must stay open as long as the executor is.
   *
   * @param layout layout of the contexts that the executor will see; other states have the same
   *     shape
   * @param threads compute threads, for backends that use the CPU's cores
   */
  Executor load(Model model, KvLayout layout, int threads);
}
