package io.gibbon.server.answer;

import io.gibbon.runtime.rank.Selection;
import io.gibbon.topology.ContextRef;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How contexts were chosen among those proposed.
 *
 * @param by what chose; {@link Selection#NONE} also where there was nothing to choose
 * @param candidates all that were proposed and could be reached, best first
 * @param hops how often it was chosen: in one hop, or in a second one behind the best context too
 * @param time it took
 */
public record Selected(Selection by, int hops, List<Candidate> candidates, Duration time) {

  /** All were kept. */
  public static Selected all(List<ContextRef> contexts) {
    return new Selected(
        Selection.NONE,
        1,
        contexts.stream().map(context -> new Candidate(context, null, null)).toList(),
        Duration.ZERO);
  }

  /**
   * A proposed context.
   *
   * @param score more is better, differences are in nats; null where all were kept, or the
   *     attention of the question already spoke against it
   * @param secondScore the same of the second hop, behind the best context; null for that one, and
   *     without a second hop
   */
  public record Candidate(
      ContextRef context, @Nullable Double score, @Nullable Double secondScore) {}
}
