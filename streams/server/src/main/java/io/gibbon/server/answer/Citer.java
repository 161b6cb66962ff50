package io.gibbon.server.answer;

import io.gibbon.runtime.engine.Head;
import io.gibbon.server.answer.AnswerText.Run;
import io.gibbon.server.answer.AnswerText.Sentence;
import io.gibbon.server.answer.ContextCombiner.Combined;
import io.gibbon.server.answer.ContextStates.Attached;
import io.gibbon.topology.SearchResult.Candidate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Says where an answer's sentences come from, once it is written. Blocks while the model reads the
 * answer again, if it drew on several contexts: call it from a virtual thread.
 */
final class Citer {

  /** Longer answers are cited up to here. */
  private static final int MOST_TOKENS = 1024;

  private static final double[] ALL = {1};

  private final Engine engine;

  Citer(Engine engine) {
    this.engine = engine;
  }

  /**
   * A citation for each sentence; none if the answer drew on several contexts and the heads that
   * could tell them apart are not known.
   *
   * @param combined the contexts, open
   * @param query tokens behind them
   * @param heads empty if none are known
   */
  List<Citation> cite(AnswerText answer, Combined combined, int[] query, List<Head> heads) {
    List<Attached> contexts = combined.contexts();
    boolean several = contexts.size() > 1;
    if (contexts.isEmpty() || (several && (heads.isEmpty() || query.length < 2))) {
      return List.of();
    }
    int[] tokens = Arrays.copyOf(answer.tokens(), Math.min(MOST_TOKENS, answer.tokens().length));
    List<Sentence> sentences =
        answer.sentences().stream().filter(one -> one.lastToken() <= tokens.length).toList();
    if (sentences.isEmpty()) {
      return List.of();
    }
    List<Integer> ends = sentences.stream().map(Sentence::lastToken).toList();
    List<double[]> shares =
        several
            ? engine
                .ranker()
                .citations(combined.states(), combined.combination(), query, tokens, ends, heads)
            : sentences.stream().map(one -> ALL).toList();
    List<Citation> citations = new ArrayList<>();
    for (int i = 0; i < sentences.size(); i++) {
      citations.add(citation(sentences.get(i), answer.text(), contexts, shares.get(i)));
    }
    return citations;
  }

  private static Citation citation(
      Sentence sentence, String text, List<Attached> contexts, double[] shares) {
    int best = 0;
    for (int i = 1; i < shares.length; i++) {
      best = shares[i] > shares[best] ? i : best;
    }
    Candidate context = contexts.get(best).candidate();
    Run run =
        AnswerText.longestRun(text.substring(sentence.start(), sentence.end()), context.text());
    Double share = contexts.size() == 1 ? null : (Double) shares[best];
    return new Citation(
        sentence.start(), sentence.end(), context.context(), share, run.from(), run.to());
  }
}
