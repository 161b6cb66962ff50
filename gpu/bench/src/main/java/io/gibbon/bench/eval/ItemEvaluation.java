package io.gibbon.bench.eval;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.Citations;
import io.gibbon.runtime.rank.ContextRanker;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.rank.Ranking;
import io.gibbon.runtime.sampling.LogProbabilities;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** All modes on one item. Used by one thread; closing frees the item's states. */
final class ItemEvaluation implements AutoCloseable {

  private final int index;
  private final EvalItem item;
  private final ModelRuntime runtime;
  private final EvalOptions options;
  private final @Nullable Calibration calibration;
  private final ItemWords words;
  private final ItemStates states;
  private final Map<Mode.Selector, List<Integer>> orders = new EnumMap<>(Mode.Selector.class);
  private final LogProbabilities probabilities = new LogProbabilities();
  private float @Nullable [][] baseline;

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
    this.states = new ItemStates(words, runtime);
  }

  private void requireFits() {
    int answer = words.answers().stream().mapToInt(a -> a.length).max().orElse(0);
    long tokens =
        (long) words.prefix().length
            + words.contextTokens()
            + words.query().length
            + Math.max(options.maxTokens(), answer);
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

  /** Answers in one mode. */
  Outcome run(Mode mode) {
    encodeApart(mode);
    long began = System.nanoTime();
    List<Integer> order = order(mode.selector());
    List<Integer> chosen =
        mode.selector() == Mode.Selector.ALL
            ? order
            : order.subList(0, Math.min(mode.keep(), order.size()));
    Reading reading =
        states.reading(mode.encoding(), chosen, mode.temperature(), mode.scalingFactor());
    ContextReader reader = states.reader(mode.encoding());
    return item.classifies()
        ? choose(mode, reader, reading, began)
        : answer(mode, reader, reading, chosen, goldFirst(mode, order), began);
  }

  /** What is encoded apart is there before anybody asks; what is read in order is not. */
  private void encodeApart(Mode mode) {
    if (mode.encoding() != Mode.Encoding.SEQUENTIAL || mode.selector() != Mode.Selector.ALL) {
      Mode.Encoding apart =
          mode.encoding() == Mode.Encoding.BARE ? Mode.Encoding.BARE : Mode.Encoding.PREFIXED;
      states.reading(apart, item.all(), 1, 1);
    }
  }

  private @Nullable Double citedFirst(
      Mode mode, ContextReader reader, Reading reading, List<Integer> chosen, int[] answer) {
    if (calibration == null
        || mode.encoding() != Mode.Encoding.PREFIXED
        || !item.marked()
        || answer.length == 0) {
      return null;
    }
    double[] shares =
        Citations.shares(
                reader, reading, words.query(), answer, List.of(answer.length), calibration.heads())
            .getFirst();
    return item.contexts().get(chosen.get(new Ranking(shares).order().getFirst())).gold()
        ? 1.0
        : 0.0;
  }

  private @Nullable Double goldFirst(Mode mode, List<Integer> order) {
    if (mode.selector() == Mode.Selector.ALL || !item.marked()) {
      return null;
    }
    return item.contexts().get(order.getFirst()).gold() ? 1.0 : 0.0;
  }

  private Outcome answer(
      Mode mode,
      ContextReader reader,
      Reading reading,
      List<Integer> chosen,
      @Nullable Double goldFirst,
      long began) {
    int[] tokens =
        reader.continuation(
            reading, words.query(), options.maxTokens(), runtime.tokenizer().endOfGeneration());
    double seconds = seconds(began);
    String text = runtime.tokenizer().decode(tokens).strip();
    float[][] rows = rows(reader, reading, words.answers().getFirst());
    return new Outcome(
        index,
        mode.name(),
        text,
        SquadMetrics.f1(text, item.answers()),
        SquadMetrics.exactMatch(text, item.answers()),
        SquadMetrics.contains(text, item.answers()),
        null,
        mean(rows, words.answers().getFirst()),
        divergence(rows),
        goldFirst,
        citedFirst(mode, reader, reading, chosen, tokens),
        seconds);
  }

  /** The choice of greatest log-probability; all its tokens count. */
  private Outcome choose(Mode mode, ContextReader reader, Reading reading, long began) {
    int right = item.choices().indexOf(item.answers().getFirst());
    int best = 0;
    double greatest = Double.NEGATIVE_INFINITY;
    float[][] rightRows = {};
    for (int i = 0; i < item.choices().size(); i++) {
      int[] choice = words.answers().get(i);
      float[][] rows = rows(reader, reading, choice);
      double sum = mean(rows, choice) * choice.length;
      if (sum > greatest) {
        greatest = sum;
        best = i;
      }
      rightRows = i == right ? rows : rightRows;
    }
    double seconds = seconds(began);
    String text = item.choices().get(best);
    return new Outcome(
        index,
        mode.name(),
        text,
        null,
        null,
        null,
        item.answers().contains(text) ? 1.0 : 0.0,
        mean(rightRows, words.answers().get(right)),
        divergence(rightRows),
        null,
        null,
        seconds);
  }

  /** Logits that predict an answer behind the query. */
  private float[][] rows(ContextReader reader, Reading reading, int[] answer) {
    int[] query = words.query();
    int[] tokens = IntStream.concat(IntStream.of(query), IntStream.of(answer)).toArray();
    return reader.logits(reading, tokens, query.length);
  }

  private double mean(float[][] rows, int[] tokens) {
    double sum = 0;
    for (int i = 0; i < rows.length; i++) {
      probabilities.read(rows[i]);
      sum += probabilities.of(tokens[i]);
    }
    return sum / rows.length;
  }

  /** From the first mode that was run, which is sequential. */
  private double divergence(float[][] rows) {
    if (baseline == null) {
      baseline = rows;
    }
    LogProbabilities other = new LogProbabilities();
    double sum = 0;
    for (int i = 0; i < rows.length; i++) {
      probabilities.read(baseline[i]);
      other.read(rows[i]);
      for (int token = 0; token < rows[i].length; token++) {
        double p = probabilities.of(token);
        sum += Math.exp(p) * (p - other.of(token));
      }
    }
    return sum / rows.length;
  }

  private List<Integer> order(Mode.Selector selector) {
    return orders.computeIfAbsent(selector, this::select);
  }

  private List<Integer> select(Mode.Selector selector) {
    return switch (selector) {
      case ALL -> item.all();
      case BM25 ->
          new Ranking(
                  Bm25.scores(
                      item.question(),
                      item.contexts().stream().map(c -> c.title() + " " + c.text()).toList()))
              .order();
      case LIKELIHOOD -> ranker().byLikelihood(contexts(), words.opening()).order();
      case ATTENTION ->
          ranker()
              .byAttention(contexts(), words.opening(), Objects.requireNonNull(calibration).heads())
              .order();
    };
  }

  private ContextRanker ranker() {
    return new ContextRanker(states.reader(Mode.Encoding.PREFIXED));
  }

  private List<KvStates> contexts() {
    return states.reading(Mode.Encoding.PREFIXED, item.all(), 1, 1).contexts();
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  @Override
  public void close() {
    states.close();
  }
}
