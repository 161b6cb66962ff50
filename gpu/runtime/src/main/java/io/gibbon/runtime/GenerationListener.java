package io.gibbon.runtime;

/**
 * Receives one generation: any number of tokens, then exactly one of {@link #onEnd} and {@link
 * #onError}. Called by one thread of the runtime at a time, which the whole batch waits for:
 * implementations must hand over and return, never block.
 */
public interface GenerationListener {

  /** The next token. */
  void onToken(GeneratedToken token);

  /** The generation is over. By now the runtime no longer touches the task's contexts. */
  void onEnd(GenerationResult result);

  /** The generation failed. By now the runtime no longer touches the task's contexts. */
  void onError(RuntimeException error);
}
