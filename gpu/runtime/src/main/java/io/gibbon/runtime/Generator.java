package io.gibbon.runtime;

import java.util.Optional;

/** Answers generation tasks. Implementations are thread-safe. */
public interface Generator {

  /**
   * Accepts a task and returns at once; tokens go to the listener from a thread of the runtime,
   * which batches all running tasks step by step.
   *
   * @throws IllegalArgumentException if the task does not fit the model: the message names field
   *     and limit
   * @throws OverloadedException if the waiting line is full
   */
  Generation generate(GenerationTask task, GenerationListener listener);

  /** Why it has stopped by itself, one line, or empty while it works. Never waits. */
  default Optional<String> failure() {
    return Optional.empty();
  }
}
