package io.gibbon.runtime;

import java.util.List;

/**
 * One generated token.
 *
 * @param id token id
 * @param text what the token adds to the visible answer: whole characters only, and nothing that
 *     may still become a stop string, so it can be empty and the next one longer
 * @param logprob natural logarithm of the token's probability before sampling changed the
 *     distribution
 * @param top the most probable alternatives, most probable first; empty unless the task asked for
 *     them
 */
public record GeneratedToken(int id, String text, double logprob, List<Alternative> top) {

  /**
   * A token that might have been.
   *
   * @param id token id
   * @param text the token's bytes as text
   * @param logprob as in {@link GeneratedToken}
   */
  public record Alternative(int id, String text, double logprob) {}
}
