package io.gibbon.runtime.calibrate;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.chat.ChatPrompt;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextRanker;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.rank.Ranking;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/**
 * Finds APE's T and S and the heads that point to what a question is about, without labels.
 *
 * <p>Questions are sentences of the documents with a span held out, asked over the context that
 * they are from among others. T and then S are what gives the spans the greatest log-probability.
 * Heads are those whose attention, while the question is read, falls most on the right context.
 * Both are judged by questions from documents that nothing was learnt from. The same seed and
 * documents give the same result. One thread at a time.
 */
public final class Calibrator {

  /** Heads that are kept: more measured no better, and fewer worse. */
  private static final int HEADS = 4;

  private static final int QUESTIONS = 24;
  private static final int FEWEST_QUESTIONS = 12;
  private static final double[] TEMPERATURES = {0.4, 0.5, 0.6, 0.7, 0.8, 1};
  private static final double[] SCALES = {0.6, 0.7, 0.8, 0.9, 1, 1.1};

  private final ContextReader reader;
  private final ContextRanker ranker;
  private final ChatPrompt chat;
  private final Tokenizer tokenizer;
  private final List<Head> allHeads;

  /**
   * @param layers layers of the model
   * @param heads query heads of a layer
   */
  public Calibrator(
      ContextReader reader, ChatPrompt chat, Tokenizer tokenizer, int layers, int heads) {
    this.reader = reader;
    this.ranker = new ContextRanker(reader);
    this.chat = chat;
    this.tokenizer = tokenizer;
    this.allHeads =
        IntStream.range(0, layers * heads).mapToObj(i -> new Head(i / heads, i % heads)).toList();
  }

  /** A pair of T and S. */
  private record Factors(double temperature, double scale) {

    static final Factors NONE = new Factors(1, 1);

    Reading over(List<KvStates> contexts) {
      return new Reading(contexts, temperature, scale);
    }
  }

  /** What one question, made from a document, says of what was found. */
  private record Judged(String document, double plain, double found, boolean pointed) {}

  /**
   * Calibrates.
   *
   * @param seed of the questions drawn
   * @param progress told the part that is done, from 0 to 1; may throw to give up
   * @throws TooFewDocumentsException if the contexts do not suffice
   */
  public CalibrationReport run(ContextSource source, long seed, DoubleConsumer progress) {
    Trials trials = new Trials(source.contexts(), seed);
    List<Trial> learning = trials.toLearn(QUESTIONS);
    List<Trial> judging = trials.toJudge(QUESTIONS);
    requireEnough(source, Math.min(learning.size(), judging.size()));
    Run run = new Run(source, learning, judging, progress);
    Factors temperature = run.best(temperatures());
    Factors best = run.best(scales(temperature));
    List<Head> heads = run.heads();
    List<Judged> judged = run.judge(best, heads);
    requireEnough(source, judged.size());
    return report(best, heads, judged, seed);
  }

  private static List<Factors> temperatures() {
    return Arrays.stream(TEMPERATURES).mapToObj(t -> new Factors(t, 1)).toList();
  }

  private static List<Factors> scales(Factors best) {
    return Arrays.stream(SCALES).mapToObj(s -> new Factors(best.temperature(), s)).toList();
  }

  private static void requireEnough(ContextSource source, int questions) {
    if (questions < FEWEST_QUESTIONS) {
      throw new TooFewDocumentsException(
          ("%d contexts give %d questions on one side; at least %d are needed, from at least %d"
                  + " contexts on each side with sentences that name something")
              .formatted(source.contexts().size(), questions, FEWEST_QUESTIONS, Trials.AMONG));
    }
  }

  /** One calibration on its way. */
  private final class Run {

    /** Of the questions to learn from. */
    private static final int PASSES = 3;

    private final ContextSource source;
    private final List<Trial> learning;
    private final List<Trial> judging;
    private final DoubleConsumer progress;
    private int done;

    Run(ContextSource source, List<Trial> learning, List<Trial> judging, DoubleConsumer progress) {
      this.source = source;
      this.learning = learning;
      this.judging = judging;
      this.progress = progress;
    }

    /** What each trial says; those whose contexts are gone say nothing. */
    private <T> List<T> each(List<Trial> trials, BiFunction<Trial, List<KvStates>, T> use) {
      List<T> results = new ArrayList<>();
      for (Trial trial : trials) {
        source.with(trial.contexts(), states -> use.apply(trial, states)).ifPresent(results::add);
        progress.accept((double) ++done / (PASSES * learning.size() + judging.size()));
      }
      return results;
    }

    /** The factors that give the spans the greatest log-probability. */
    Factors best(List<Factors> choices) {
      List<double[]> all = learn((trial, states) -> logprobs(trial, states, choices));
      return IntStream.range(0, choices.size())
          .boxed()
          .max(Comparator.comparingDouble(i -> all.stream().mapToDouble(one -> one[i]).sum()))
          .map(choices::get)
          .orElseThrow();
    }

    /** What the questions to learn from say, as long as enough of their contexts are there. */
    private <T> List<T> learn(BiFunction<Trial, List<KvStates>, T> use) {
      List<T> all = each(learning, use);
      requireEnough(source, all.size());
      return all;
    }

    /** Heads whose attention falls most on the right contexts. */
    List<Head> heads() {
      double[] sums = new double[allHeads.size()];
      for (float[] one : learn(Calibrator.this::pointing)) {
        for (int head = 0; head < sums.length; head++) {
          sums[head] += one[head];
        }
      }
      return new Ranking(sums).best(HEADS).stream().map(allHeads::get).toList();
    }

    List<Judged> judge(Factors best, List<Head> heads) {
      return each(
          judging,
          (trial, states) -> {
            double[] logprobs = logprobs(trial, states, List.of(Factors.NONE, best));
            double[] shares = ranker.shares(states, chat.opening(trial.question().lead()), heads);
            boolean pointed = new Ranking(shares).order().getFirst() == trial.source();
            int context = trial.contexts().get(trial.source());
            String document = source.contexts().get(context).document();
            return new Judged(document, logprobs[0], logprobs[1], pointed);
          });
    }
  }

  /** Log-probability of the span with each of some factors, the mean of its tokens. */
  private double[] logprobs(Trial trial, List<KvStates> states, List<Factors> factors) {
    int[] query = chat.query(List.of(ChatMessage.user(trial.question().lead() + " ...")), true);
    int[] span = tokenizer.encode(trial.question().span());
    int[] tokens = IntStream.concat(IntStream.of(query), IntStream.of(span)).toArray();
    List<Reading> readings = factors.stream().map(one -> one.over(states)).toList();
    return Arrays.stream(reader.logProbabilities(readings, tokens, query.length))
        .map(sum -> sum / span.length)
        .toArray();
  }

  /** Of each head the part of its attention on contexts that falls on the right one. */
  private float[] pointing(Trial trial, List<KvStates> states) {
    int[] opening = chat.opening(trial.question().lead());
    float[][] shares = reader.shares(Factors.NONE.over(states), opening, allHeads);
    float[] pointing = new float[shares.length];
    for (int head = 0; head < shares.length; head++) {
      float sum = 0;
      for (float share : shares[head]) {
        sum += share;
      }
      pointing[head] = sum > 0 ? shares[head][trial.source()] / sum : 0;
    }
    return pointing;
  }

  private static CalibrationReport report(
      Factors best, List<Head> heads, List<Judged> judged, long seed) {
    double[] gains = judged.stream().mapToDouble(j -> j.found() - j.plain()).toArray();
    List<String> documents = judged.stream().map(Judged::document).toList();
    return new CalibrationReport(
        new Calibration(best.temperature(), best.scale(), heads),
        mean(gains),
        Bootstrap.ofGroups(documents, seed).ofMean(gains),
        mean(judged.stream().mapToDouble(Judged::found).toArray()),
        mean(judged.stream().mapToDouble(j -> j.pointed() ? 1 : 0).toArray()),
        judged.size());
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElse(0);
  }
}
