package io.gibbon.server.answer;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextRanker;
import io.gibbon.runtime.rank.Ranking;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.server.answer.ContextStates.Attached;
import io.gibbon.topology.SearchResult.Candidate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses among contexts whose states are at hand what a question is about. Blocks while the model
 * reads the question: call it from a virtual thread.
 */
final class ContextSelector {

  /** Of a search's proposals, best first: more take longer than they are worth, unless kept. */
  private static final int MOST_BY_LIKELIHOOD = 8;

  private final Engine engine;

  ContextSelector(Engine engine) {
    this.engine = engine;
  }

  /**
   * What is kept of some contexts, best first, and how it came to it.
   *
   * @param kept a part of those given
   */
  record Outcome(List<Attached> kept, Selected selected) {}

  /** The candidates that are worth attaching. */
  List<Candidate> worth(
      List<Candidate> proposed, ContextOptions options, Optional<Calibration> calibration) {
    boolean searched = options.named().isEmpty() && options.topK() != ContextOptions.ALL;
    int most = Math.max(MOST_BY_LIKELIHOOD, (int) Math.ceil(options.keep()));
    return searched && by(options, calibration) == Selection.LIKELIHOOD
        ? proposed.subList(0, Math.min(most, proposed.size()))
        : proposed;
  }

  /** Attention needs to know the heads. */
  private static Selection by(ContextOptions options, Optional<Calibration> calibration) {
    return options.selection() == Selection.ATTENTION
            && calibration.map(Calibration::heads).orElse(List.of()).isEmpty()
        ? Selection.LIKELIHOOD
        : options.selection();
  }

  /**
   * Selects; leases stay the caller's.
   *
   * @param wanted asked now and then
   * @throws java.util.concurrent.CancellationException if the choice is not wanted any more
   */
  Outcome select(
      Question question,
      ContextOptions options,
      List<Attached> contexts,
      Optional<Calibration> calibration,
      BooleanSupplier wanted) {
    if (options.selection() == Selection.NONE || contexts.size() < 2) {
      return all(contexts);
    }
    int[] tokens = engine.prompts().opening(question.searchText());
    if (tokens.length < 2) {
      return all(contexts);
    }
    long began = System.nanoTime();
    List<KvStates> states = contexts.stream().map(Attached::states).toList();
    Selection by = by(options, calibration);
    List<Head> heads = calibration.map(Calibration::heads).orElse(List.of());
    Engine.Ranker ranker = engine.ranker().asLongAs(wanted);
    Ranking first =
        by == Selection.ATTENTION
            ? ranker.byAttention(states, tokens, heads)
            : ranker.byLikelihood(states, tokens);
    boolean again = options.hops() > 1 && by == Selection.ATTENTION && contexts.size() > 2;
    Ranking last = again ? behindBest(ranker, first, contexts, tokens, heads) : first;
    List<Selected.Candidate> ranked =
        last.order().stream()
            .map(
                i ->
                    new Selected.Candidate(
                        contexts.get(i).context(), score(first, i), again ? score(last, i) : null))
            .toList();
    return new Outcome(
        last.best(options.keep()).stream().map(contexts::get).toList(),
        new Selected(by, again ? 2 : 1, ranked, Duration.ofNanos(System.nanoTime() - began)));
  }

  /** The second hop. Of a best context that is long for the window, its beginning is read. */
  private Ranking behindBest(
      Engine.Ranker ranker,
      Ranking first,
      List<Attached> contexts,
      int[] question,
      List<Head> heads) {
    Candidate best = contexts.get(first.order().getFirst()).candidate();
    int[] words = engine.prompts().context(best.title(), best.text());
    List<KvStates> states = contexts.stream().map(Attached::states).toList();
    int room =
        engine.profile().window()
            - engine.profile().prefixTokens()
            - Combination.APE.length(states)
            - Math.min(question.length, ContextRanker.MOST_TOKENS);
    int[] fitting = Arrays.copyOf(words, Math.clamp(room, 0, words.length));
    return ranker.behind(first, fitting, states, question, heads);
  }

  private static Outcome all(List<Attached> contexts) {
    return new Outcome(contexts, Selected.all(contexts.stream().map(Attached::context).toList()));
  }

  private static @Nullable Double score(Ranking ranking, int context) {
    double score = ranking.scores()[context];
    return Double.isFinite(score) ? (Double) score : null;
  }
}
