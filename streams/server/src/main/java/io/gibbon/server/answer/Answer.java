package io.gibbon.server.answer;

/** Handle of an answer on its way. Thread-safe. */
public interface Answer {

  /** Gives up, at whatever stage the answer is. Idempotent, never waits. */
  void cancel();
}
