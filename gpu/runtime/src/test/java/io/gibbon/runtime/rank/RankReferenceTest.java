package io.gibbon.runtime.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.engine.ReferencePass;
import io.gibbon.runtime.engine.ReferencePass.Result;
import io.gibbon.runtime.engine.ReferencePass.Token;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Likelihood, selection and citations against a whole model in float64 that knows nothing of
 * slices, batches and shortened passes.
 */
class RankReferenceTest {

  private static final double TOLERANCE = 1e-3;
  private static final int[] LENGTHS = {33, 5, 18, 1, 40, 12, 21, 9, 28, 16};
  private static final List<Head> HEADS = List.of(new Head(1, 3), new Head(0, 1), new Head(1, 0));

  private final Random random = new Random(11);
  private final List<KvStates> opened = new ArrayList<>();
  private final List<KvStates> states = new ArrayList<>();
  private final List<List<Token>> contexts = new ArrayList<>();
  private Model model;
  private ModelRuntime runtime;
  private ReferencePass reference;
  private List<Token> prefix;

  @BeforeEach
  void encodeTwice(@TempDir Path directory) {
    Path file = TinyModel.writeDefault(directory);
    runtime = ModelRuntime.open(RuntimeConfig.builder(file).kvFormat(KvFormat.F32).build());
    model = Model.open(file);
    reference = new ReferencePass(model);
    prefix = reference.run(List.of(), List.of(), runtime.chat().prefix(), 0, 1, 1).tokens();
    for (int length : LENGTHS) {
      int[] tokens = tokens(length);
      contexts.add(reference.run(prefix, List.of(), tokens, prefix.size(), 1, 1).tokens());
      states.add(encode(tokens));
    }
  }

  @AfterEach
  void close() {
    opened.forEach(KvStates::close);
    runtime.close();
    model.close();
  }

  @Test
  void likelihoodIsTheSumOverTheQuestionGivenEachContextAlone() {
    int[] question = tokens(14);
    double[] scores = new ContextRanker(runtime.reader()).byLikelihood(states, question).scores();
    for (int i = 0; i < scores.length; i++) {
      assertThat(scores[i]).isCloseTo(likelihood(i, question), within(TOLERANCE));
    }
  }

  @Test
  void attentionAddsUpTheHeadsSharesAndTheLikelihoodOfTheSixTheyPrefer() {
    int[] question = tokens(11);
    ContextRanker ranker = new ContextRanker(runtime.reader());
    Result read = read(IntStream.range(0, LENGTHS.length).boxed().toList(), question, 0.9);
    double[] expected = mean(read.tokens(), allLengths());
    double[] shares = ranker.shares(states, question, HEADS);
    for (int i = 0; i < shares.length; i++) {
      assertThat(shares[i]).isCloseTo(expected[i], within(1e-5));
    }
    double[] scores = ranker.byAttention(states, question, HEADS).scores();
    List<Integer> shortlist = new Ranking(expected).best(6);
    for (int i = 0; i < scores.length; i++) {
      if (shortlist.contains(i)) {
        double score = likelihood(i, question) + 8 * Math.log(expected[i]);
        assertThat(scores[i]).isCloseTo(score, within(10 * TOLERANCE));
      } else {
        assertThat(scores[i]).isNegative().isInfinite();
      }
    }
  }

  @Test
  void theSecondHopReadsTheBestContextBeforeTheQuestionAndThenPairs() {
    int[] question = tokens(11);
    int[] words = tokens(17);
    ContextRanker ranker = new ContextRanker(runtime.reader());
    List<Integer> all = IntStream.range(0, LENGTHS.length).boxed().toList();
    double[] once = mean(read(all, question, 0.9).tokens(), allLengths());
    Ranking first = ranker.byAttention(states, question, HEADS);
    int best = first.order().getFirst();
    List<Integer> others = all.stream().filter(i -> i != best).toList();
    List<Integer> lengths = others.stream().map(i -> LENGTHS[i]).toList();
    double[] expected = mean(read(others, concat(words, question), 0.9).tokens(), lengths);
    double[] products = new double[expected.length];
    Arrays.setAll(products, i -> expected[i] * once[others.get(i)]);
    Ranking ranking = ranker.behind(first, words, states, question, HEADS);
    assertThat(ranking.order().getFirst()).isEqualTo(best);
    List<Integer> shortlist = new Ranking(products).best(6);
    for (int i = 0; i < others.size(); i++) {
      double score = ranking.scores()[others.get(i)];
      if (shortlist.contains(i)) {
        double likelihood = likelihood(List.of(best, others.get(i)), question, 0.8);
        assertThat(score).isCloseTo(likelihood + 8 * Math.log(expected[i]), within(10 * TOLERANCE));
      } else {
        assertThat(score).isNegative().isInfinite();
      }
    }
  }

  @Test
  void citationsCombineWhatTheQuestionAndEachPartOfTheAnswerAttendTo() {
    int[] query = tokens(9);
    int[] answer = tokens(10);
    List<Integer> three = List.of(0, 4, 6);
    Reading reading = new Reading(three.stream().map(states::get).toList(), 1, 1);
    List<double[]> cited =
        Citations.shares(runtime.reader(), reading, query, answer, List.of(4, 10), HEADS);
    List<Token> all = read(three, concat(query, answer), 1).tokens();
    List<Integer> lengths = three.stream().map(i -> LENGTHS[i]).toList();
    // The row before a token predicts it.
    double[] question = mean(all.subList(0, 8), lengths);
    assertCited(cited.get(0), question, mean(all.subList(8, 12), lengths));
    assertCited(cited.get(1), question, mean(all.subList(12, 18), lengths));
  }

  private static void assertCited(double[] cited, double[] question, double[] part) {
    double[] product = new double[cited.length];
    Arrays.setAll(product, i -> question[i] * Math.pow(part[i], 0.25));
    double sum = Arrays.stream(product).sum();
    for (int i = 0; i < cited.length; i++) {
      assertThat(cited[i]).isCloseTo(product[i] / sum, within(1e-4));
    }
  }

  private double likelihood(int context, int[] question) {
    return likelihood(List.of(context), question, 1);
  }

  private double likelihood(List<Integer> chosen, int[] question, double temperature) {
    List<double[]> logits = read(chosen, question, temperature).logits();
    double sum = 0;
    for (int i = 1; i < question.length; i++) {
      double[] row = logits.get(i - 1);
      double greatest = Arrays.stream(row).max().orElseThrow();
      double total = Arrays.stream(row).map(x -> Math.exp(x - greatest)).sum();
      sum += row[question[i]] - greatest - Math.log(total);
    }
    return sum;
  }

  private Result read(List<Integer> chosen, int[] tokens, double temperature) {
    List<Token> seen = chosen.stream().flatMap(i -> contexts.get(i).stream()).toList();
    int longest = chosen.stream().mapToInt(i -> LENGTHS[i]).max().orElseThrow();
    return reference.run(prefix, seen, tokens, prefix.size() + longest, temperature, 1);
  }

  private static List<Integer> allLengths() {
    return Arrays.stream(LENGTHS).boxed().toList();
  }

  /** Shares of contexts of these lengths, the mean over heads and rows. */
  private static double[] mean(List<Token> rows, List<Integer> lengths) {
    double[] mean = new double[lengths.size()];
    for (Token row : rows) {
      for (Head head : HEADS) {
        double[] attention = row.attention()[head.layer()][head.head()];
        int token = 0;
        for (int context = 0; context < mean.length; context++) {
          for (int i = 0; i < lengths.get(context); i++) {
            mean[context] += attention[token++] / rows.size() / HEADS.size();
          }
        }
      }
    }
    return mean;
  }

  private KvStates encode(int[] tokens) {
    KvStates own = KvStates.allocate(runtime.profile().layout(), tokens.length);
    opened.add(own);
    Sequence sequence = new Sequence(runtime.prefix(), List.of(), own, prefix.size(), 1, 1);
    runtime.probe(List.of(new Slice(sequence, 0, tokens, null, null)));
    return own;
  }

  private static int[] concat(int[] a, int[] b) {
    return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
  }

  private int[] tokens(int count) {
    return random.ints(count, 0, runtime.tokenizer().size()).toArray();
  }
}
