package io.gibbon.runtime;

import org.jspecify.annotations.Nullable;

/**
 * One document on its way through the encoder. No method blocks. Thread-safe, though a job is meant
 * to be polled by one owner.
 *
 * <p>The encoder runs only a bounded number of bytes ahead of {@link #poll()}, so that a long
 * document never has all of its KV states in memory.
 */
public interface EncodeJob {

  /**
   * The next finished context, in the document's order, or null when none is ready. The caller owns
   * the returned context's KV states and closes them.
   */
  @Nullable EncodedContext poll();

  /**
   * Whether the last context has been returned by {@link #poll()}. False for a job that failed or
   * was cancelled.
   */
  boolean isDone();

  /**
   * Why encoding failed, or null. A failed job returns no further contexts. A {@link
   * ClosedException} means that the runtime was closed meanwhile: the document may be good.
   */
  @Nullable RuntimeException failure();

  /**
   * Gives up: contexts not yet polled are freed, later ones are not encoded. Idempotent, never
   * waits.
   */
  void cancel();
}
