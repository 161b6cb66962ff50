package io.gibbon.bench.eval;

import static java.util.Arrays.stream;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gibbon.bench.eval.Asking.Probability;
import io.gibbon.bench.eval.Asking.View;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One query over several views at once. */
class AskingTest {

  private static final List<Integer> ALL = List.of(0, 1, 2);

  private ModelRuntime runtime;
  private ItemStates states;
  private int[] query;

  @BeforeEach
  void open(@TempDir Path directory) {
    runtime = ModelRuntime.open(RuntimeConfig.of(TinyModel.writeDefault(directory)));
    states =
        new ItemStates(
            runtime.chat().prefix(), List.of(tokens(30, 1), tokens(7, 2), tokens(300, 3)), runtime);
    query = tokens(90, 4);
  }

  @AfterEach
  void close() {
    states.close();
    runtime.close();
  }

  @Test
  void whatAViewSaysDoesNotDependOnTheOthersBitForBit() {
    List<View> views = views();
    int[] answer = tokens(40, 5);
    List<Double> together = logprobs(views, answer);
    List<int[]> written = written(views, 20);
    for (int i = 0; i < views.size(); i++) {
      List<View> alone = List.of(views.get(i));
      assertThat(logprobs(alone, answer)).containsExactly(together.get(i));
      assertThat(written(alone, 20).getFirst()).isEqualTo(written.get(i));
    }
  }

  @Test
  void divergenceIsFromTheFirstViewAndZeroForWhatIsTheSame() {
    List<View> views = views();
    try (Asking asking = asking(List.of(views.get(0), views.get(1), views.get(0)), 8)) {
      List<Probability> probabilities = asking.probabilities(tokens(8, 6));
      assertThat(probabilities.get(0).divergence()).isZero();
      assertThat(probabilities.get(1).divergence()).isPositive();
      assertThat(probabilities.get(2).divergence()).isZero();
    }
  }

  @Test
  void theContinuationIsTheMostProbableAnswerAndStopsBeforeItsEnd() {
    List<View> one = List.of(views().get(1));
    int[] whole = written(one, 6).getFirst();
    assertThat(whole).hasSize(6);
    double best = logprobs(one, Arrays.copyOf(whole, 1)).getFirst();
    for (int token = 0; token < runtime.tokenizer().size(); token++) {
      assertThat(logprobs(one, new int[] {token}).getFirst()).isLessThanOrEqualTo(best);
    }
    try (Asking asking = asking(one, 6)) {
      int[] cut = asking.continuations(6, Set.of(whole[2])).getFirst();
      int end = IntStream.range(0, 3).filter(i -> whole[i] == whole[2]).findFirst().orElseThrow();
      assertThat(cut).isEqualTo(Arrays.copyOf(whole, end));
    }
  }

  @Test
  void anAnswerIsAsProbableAsItsTokensOneAfterTheOther() {
    View view = views().get(3);
    int[] answer = tokens(3, 7);
    double expected = 0;
    int[] read = query;
    for (int token : answer) {
      int[] one = {token};
      try (Asking asking = new Asking(runtime, List.of(view), read, 1)) {
        expected += asking.probabilities(one).getFirst().logprob();
      }
      read = IntStream.concat(IntStream.of(read), IntStream.of(one)).toArray();
    }
    assertThat(logprobs(List.of(view), answer).getFirst()).isCloseTo(expected, within(1e-4));
  }

  @Test
  void contextsInOrderAreOnePromptAndTheirStatesAreKept() {
    int[] answer = tokens(8, 8);
    List<View> ordered = List.of(states.view(Mode.Encoding.SEQUENTIAL, List.of(1, 0), 1, 1));
    long kept = runtime.cache().stats().misses();
    int[] prompt = IntStream.concat(stream(tokens(7, 2)), stream(tokens(30, 1))).toArray();
    try (ItemStates one = new ItemStates(runtime.chat().prefix(), List.of(prompt), runtime);
        ItemStates again =
            new ItemStates(
                runtime.chat().prefix(), List.of(tokens(30, 1), tokens(7, 2)), runtime)) {
      List<View> whole = List.of(one.view(Mode.Encoding.PREFIXED, List.of(0), 1, 1));
      assertThat(logprobs(ordered, answer).getFirst())
          .isCloseTo(logprobs(whole, answer).getFirst(), within(0.05));
      again.view(Mode.Encoding.SEQUENTIAL, List.of(1, 0), 1, 1);
      assertThat(runtime.cache().stats().misses()).as("only the prompt").isEqualTo(kept + 1);
    }
  }

  /** In order, without prefix, apart with two T and S, and some of them. */
  private List<View> views() {
    return List.of(
        states.view(Mode.Encoding.SEQUENTIAL, ALL, 1, 1),
        states.view(Mode.Encoding.BARE, ALL, 1, 1),
        states.view(Mode.Encoding.PREFIXED, ALL, 0.7, 1.1),
        states.view(Mode.Encoding.PREFIXED, ALL, 1, 1),
        states.view(Mode.Encoding.PREFIXED, List.of(1), 1, 1));
  }

  private Asking asking(List<View> views, int most) {
    return new Asking(runtime, views, query, most);
  }

  private List<Double> logprobs(List<View> views, int[] answer) {
    try (Asking asking = asking(views, answer.length)) {
      return asking.probabilities(answer).stream().map(Probability::logprob).toList();
    }
  }

  private List<int[]> written(List<View> views, int most) {
    try (Asking asking = asking(views, most)) {
      return asking.continuations(most, Set.of());
    }
  }

  private int[] tokens(int count, long seed) {
    return new Random(seed).ints(count, 0, runtime.tokenizer().size()).toArray();
  }
}
