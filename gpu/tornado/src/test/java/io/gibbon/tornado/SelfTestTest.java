package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.TopLogits;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The self-test lets nothing pass that computes something else than the reference. */
class SelfTestTest {

  private final SelfTest test = new SelfTest(KvFormat.F16, true);

  @Test
  void theReferencePasses() {
    assertThatCode(() -> requireSpoiled(slice -> {})).doesNotThrowAnyException();
  }

  @Test
  void oneWrongLogitIsFound() {
    refuses("logits", slice -> slice.logits()[3] += 0.01f);
  }

  @Test
  void whatIsNoNumberIsFound() {
    refuses("logits", slice -> slice.logits()[7] = Float.NaN);
  }

  @Test
  void wrongGreatestLogitsAreFound() {
    refusesTop("greatest logits", top -> top.offer(1, 0, top.logit(1, 0)));
    refusesTop("greatest logits are not those of whole rows", top -> again(top, 1, 0));
    refusesTop("probabilities are not those of whole rows", top -> again(top, 0, 0.1));
  }

  private void refusesTop(String message, Consumer<TopLogits> spoil) {
    assertThatThrownBy(
            () -> requireSpoiled(slice -> slice.top() != null, slice -> spoil.accept(slice.top())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(message);
  }

  /** The first row with other tokens, or another log-sum-exp. */
  private static void again(TopLogits top, int toToken, double toSum) {
    int[] tokens = IntStream.range(0, 3).map(rank -> top.token(0, rank) + toToken).toArray();
    float[] values = top.values(0);
    top.clear(0, top.logSumExp(0) + toSum);
    for (int rank = 0; rank < 3; rank++) {
      top.offer(0, tokens[rank], values[rank]);
    }
  }

  @Test
  void aWrongAttentionShareIsFound() {
    refuses("attention shares", slice -> slice.shares().of(0)[1] += 0.01f);
  }

  @Test
  void wrongKeysAndValuesAreFound() {
    float[] zeros = new float[32];
    refuses("keys and values", slice -> slice.sequence().own().put(1, 1, 4, zeros, 0, zeros, 0));
  }

  @Test
  void keysAndValuesThatDependOnTheBatchAreFound() {
    float[] zeros = new float[32];
    assertThatThrownBy(
            () ->
                requireSpoiled(
                    slice -> slice.first() == 20,
                    slice -> slice.sequence().own().put(0, 0, 30, zeros, 0, zeros, 0)))
        .hasMessageContaining("depend on what else is computed");
  }

  @Test
  void statesAreFreedWhereAStepFails() {
    List<KvStates> own = new ArrayList<>();
    Predicate<Slice> third =
        slice -> {
          own.add(slice.sequence().own());
          return own.size() == 3;
        };
    Consumer<Slice> fail =
        slice -> {
          throw new IllegalStateException("a kernel does not compile");
        };
    assertThatThrownBy(() -> requireSpoiled(third, fail)).hasMessageContaining("compile");
    assertThat(own).noneMatch(states -> states.memory().scope().isAlive());
  }

  private void refuses(String what, Consumer<Slice> spoil) {
    assertThatThrownBy(() -> requireSpoiled(spoil))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("it failed the self-test: of its " + what);
  }

  /** The reference, but for slices that want to know something. */
  private void requireSpoiled(Consumer<Slice> spoil) {
    requireSpoiled(slice -> slice.logits() != null, spoil);
  }

  private void requireSpoiled(Predicate<Slice> which, Consumer<Slice> spoil) {
    try (Executor reference = test.reference()) {
      test.require(
          new Executor() {
            @Override
            public void step(List<Slice> slices) {
              reference.step(slices);
              slices.stream().filter(which).forEach(spoil);
            }

            @Override
            public void close() {}
          });
    }
  }
}
