package io.gibbon.server.answer;

import io.gibbon.runtime.rank.Selection;
import io.gibbon.topology.ContextRef;
import java.time.Duration;
import java.util.List;

/**
 * How contexts were chosen among those proposed.
 *
 * @param by what chose
 * @param candidates all that were proposed and could be reached, best first
 * @param time it took
 */
public record Selected(Selection by, List<Candidate> candidates, Duration time) {

  /** Nothing was chosen. */
  public static final Selected NOTHING = new Selected(Selection.NONE, List.of(), Duration.ZERO);

  /**
   * A proposed context.
   *
   * @param score more is better, differences are in nats; negative infinity where the attention of
   *     the question already spoke against it
   */
  public record Candidate(ContextRef context, double score) {}
}
