package io.gibbon.server.answer;

import io.gibbon.runtime.GeneratedToken;

/**
 * Receives one answer: perhaps {@link #onStart}, then any number of tokens, then exactly one of
 * {@link #onEnd} and {@link #onError}. Called by one thread at a time, which may be the runtime's:
 * implementations hand over and return, never block.
 */
public interface AnswerListener {

  /** The contexts are attached and the runtime has accepted the question. */
  void onStart(AnswerStart start);

  /** The next token. */
  void onToken(GeneratedToken token);

  /** The answer is whole, or was cancelled while it was generated. */
  void onEnd(AnswerEnd end);

  /** There will be no answer, or no more of it. */
  void onError(RequestException error);
}
