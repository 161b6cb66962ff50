package io.gibbon.runtime;

/** Why a generation ended. */
public enum FinishReason {
  /** The model ended its turn, or a stop string appeared. */
  STOP,
  /** {@code maxTokens} were generated. */
  LENGTH,
  /** The caller gave up. */
  CANCELLED
}
