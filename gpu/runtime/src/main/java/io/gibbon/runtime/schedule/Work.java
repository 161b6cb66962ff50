package io.gibbon.runtime.schedule;

import io.gibbon.runtime.engine.Slice;

/** A sequence that steps move on. Used by the scheduler's thread only. */
interface Work {

  /** Rows that could run in the next step. */
  int remaining();

  /**
   * The next rows, between 1 and {@link #remaining()}.
   *
   * @throws OutOfMemoryError if there is no memory for their keys and values
   */
  Slice slice(int rows);

  /** The rows of the latest slice have run. */
  void advance();

  /** The latest slice could not be run; frees everything and tells the owner. */
  void fail(RuntimeException error);

  /** Whether nothing is left to run, for better or worse. */
  boolean finished();
}
