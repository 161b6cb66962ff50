package io.gibbon.runtime;

/** Handle of a running generation. Thread-safe. */
public interface Generation {

  /**
   * Stops the generation before its next step; the listener is then told {@link
   * FinishReason#CANCELLED}. Idempotent, never waits, does nothing after the end.
   */
  void cancel();
}
