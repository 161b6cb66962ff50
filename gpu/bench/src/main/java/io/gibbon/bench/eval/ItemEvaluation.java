package io.gibbon.bench.eval;

import io.gibbon.bench.eval.Asking.Probability;
import io.gibbon.bench.eval.Asking.View;
import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.Citations;
import io.gibbon.runtime.rank.ContextRanker;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.rank.Ranking;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All modes on one item. Each context is encoded once, each selection made once, and modes that
 * come to attend to the same contexts in the same way are one; all of them read the question and
 * write their answers in the same steps. Used by one thread; closing frees the item's states.
 */
final class ItemEvaluation implements AutoCloseable {

  private final int index;
  private final EvalItem item;
  private final ModelRuntime runtime;
  private final EvalOptions options;
  private final @Nullable Calibration calibration;
  private final ItemWords words;
  private final ItemStates states;
  private final ContextRanker ranker;
  private final Map<Mode.Selector, Ranking> rankings = new EnumMap<>(Mode.Selector.class);

  /**
   * @throws IllegalArgumentException if the item does not fit the model's window
   */
  ItemEvaluation(
      int index,
      EvalItem item,
      ModelRuntime runtime,
      EvalOptions options,
      @Nullable Calibration calibration) {
    this.index = index;
    this.item = item;
    this.runtime = runtime;
    this.options = options;
    this.calibration = calibration;
    this.words = ItemWords.of(item, runtime);
    requireFits();
    this.states = new ItemStates(words.prefix(), words.contexts(), runtime);
    this.ranker = new ContextRanker(states.reader());
  }

  private void requireFits() {
    long tokens =
        (long) words.prefix().length
            + words.contextTokens()
            + words.query().length
            + longestAnswer();
    if (tokens > runtime.profile().window()) {
      throw new IllegalArgumentException(
          "item %d: contexts: with question and answer they are %,d tokens in order, the model's window is %,d"
              .formatted(index + 1, tokens, runtime.profile().window()));
    }
    if (words.contexts().stream().anyMatch(c -> c.length == 0)) {
      throw new IllegalArgumentException(
          "item %d: contexts: one has no tokens".formatted(index + 1));
    }
  }

  private int longestAnswer() {
    int known = words.answers().stream().mapToInt(a -> a.length).max().orElse(0);
    return Math.max(options.maxTokens(), known);
  }

  /** What a mode comes to on this item: equal ones have equal outcomes. */
  private record Attended(Mode.Encoding encoding, List<Integer> chosen, double t, double s) {}

  /** Answers in each mode; the first one is what divergence is measured from. */
  List<Outcome> run(List<Mode> modes) {
    List<Attended> attended = modes.stream().map(this::attended).toList();
    List<Attended> distinct = attended.stream().distinct().toList();
    List<View> views =
        distinct.stream().map(a -> states.view(a.encoding, a.chosen, a.t, a.s)).toList();
    List<Judged> judged = judge(distinct, views);
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < modes.size(); i++) {
      Judged one = judged.get(distinct.indexOf(attended.get(i)));
      outcomes.add(outcome(modes.get(i), attended.get(i).chosen, one));
    }
    return outcomes;
  }

  /** In order, the best of those chosen stands next to the question, as the server does it. */
  private Attended attended(Mode mode) {
    List<Integer> order = order(mode.selector());
    boolean all = mode.selector() == Mode.Selector.ALL;
    List<Integer> best = order.subList(0, all ? order.size() : Math.min(mode.keep(), order.size()));
    List<Integer> chosen =
        all || mode.encoding() != Mode.Encoding.SEQUENTIAL
            ? best.stream().sorted().toList()
            : Ranking.inPrompt(best);
    return new Attended(mode.encoding(), chosen, mode.temperature(), mode.scalingFactor());
  }

  /** What was answered and how probable the first right answer was. */
  private record Judged(
      String answer, double logprob, double divergence, @Nullable Double citedFirst) {}

  private List<Judged> judge(List<Attended> attended, List<View> views) {
    try (Asking asking = new Asking(runtime, views, words.query(), longestAnswer())) {
      return item.classifies() ? choose(asking) : answer(asking, attended);
    }
  }

  private List<Judged> answer(Asking asking, List<Attended> attended) {
    int[] right = words.answers().getFirst();
    List<Probability> probabilities = asking.probabilities(right);
    List<int[]> answers =
        asking.continuations(options.maxTokens(), runtime.tokenizer().endOfGeneration());
    List<Judged> judged = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      String text = runtime.tokenizer().decode(answers.get(i)).strip();
      Probability probability = probabilities.get(i);
      judged.add(
          new Judged(
              text,
              probability.logprob() / right.length,
              probability.divergence(),
              citedFirst(attended.get(i).chosen, text, answers.get(i))));
    }
    return judged;
  }

  /** The choice of greatest log-probability; all its tokens count. */
  private List<Judged> choose(Asking asking) {
    List<List<Probability>> byChoice = words.answers().stream().map(asking::probabilities).toList();
    int right = item.choices().indexOf(item.answers().getFirst());
    List<Judged> judged = new ArrayList<>();
    for (int view = 0; view < byChoice.getFirst().size(); view++) {
      int at = view;
      double[] logprobs = byChoice.stream().mapToDouble(c -> c.get(at).logprob()).toArray();
      String best = item.choices().get(new Ranking(logprobs).order().getFirst());
      double logprob = logprobs[right] / words.answers().get(right).length;
      judged.add(new Judged(best, logprob, byChoice.get(right).get(view).divergence(), null));
    }
    return judged;
  }

  private Outcome outcome(Mode mode, List<Integer> chosen, Judged judged) {
    boolean selected = mode.selector() != Mode.Selector.ALL && item.marked();
    String text = judged.answer;
    boolean choice = item.classifies();
    return new Outcome(
        index,
        mode.name(),
        text,
        choice ? null : (Double) SquadMetrics.f1(text, item.answers()),
        choice ? null : (Double) SquadMetrics.exactMatch(text, item.answers()),
        choice ? null : (Double) SquadMetrics.contains(text, item.answers()),
        choice ? (Double) (item.answers().contains(text) ? 1.0 : 0.0) : null,
        judged.logprob,
        judged.divergence,
        selected ? (Double) gold(order(mode.selector()).getFirst()) : null,
        selected ? (Double) goldKept(chosen) : null,
        judged.citedFirst);
  }

  private double gold(int context) {
    return item.contexts().get(context).gold() ? 1 : 0;
  }

  private double goldKept(List<Integer> chosen) {
    return chosen.stream().mapToDouble(this::gold).sum()
        / item.all().stream().mapToDouble(this::gold).sum();
  }

  /**
   * What the heads see in contexts encoded apart, whatever wrote the answer, of the answer as a
   * whole. An answer over one context has no choice of what to cite.
   */
  private @Nullable Double citedFirst(List<Integer> chosen, String text, int[] answer) {
    boolean headless = calibration == null || calibration.heads().isEmpty();
    if (headless
        || chosen.size() < 2
        || !item.marked()
        || SquadMetrics.contains(text, item.answers()) == 0) {
      return null;
    }
    Reading reading = new Reading(states.prefixed(chosen), 1, 1);
    double[] shares =
        Citations.shares(
                states.reader(), reading, words.query(), answer, List.of(answer.length), heads())
            .getFirst();
    return gold(chosen.get(new Ranking(shares).order().getFirst()));
  }

  private List<Integer> order(Mode.Selector selector) {
    return ranking(selector).order();
  }

  private Ranking ranking(Mode.Selector selector) {
    Ranking known = rankings.get(selector);
    if (known == null) {
      known = rank(selector);
      rankings.put(selector, known);
    }
    return known;
  }

  private Ranking rank(Mode.Selector selector) {
    return switch (selector) {
      case ALL -> new Ranking(new double[item.contexts().size()]);
      case BM25 ->
          new Ranking(
              Bm25.scores(
                  item.question(),
                  item.contexts().stream().map(c -> c.title() + " " + c.text()).toList()));
      case LIKELIHOOD -> ranker.byLikelihood(contexts(), words.opening());
      case ATTENTION -> ranker.byAttention(contexts(), words.opening(), heads());
      case TWO_HOPS -> {
        Ranking first = ranking(Mode.Selector.ATTENTION);
        int[] best = words.contexts().get(first.order().getFirst());
        yield ranker.behind(first, best, contexts(), words.opening(), heads());
      }
    };
  }

  private List<Head> heads() {
    return Objects.requireNonNull(calibration).heads();
  }

  private List<KvStates> contexts() {
    return states.prefixed(item.all());
  }

  @Override
  public void close() {
    states.close();
  }
}
