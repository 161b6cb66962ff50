package io.gibbon.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** What an encoding holds, and when it ends early; what it computes, {@link ModelRuntimeTest}. */
class SequentialEncoderTest {

  private static final KvLayout LAYOUT = new KvLayout(1, 1, 16, KvFormat.I8);
  private static final int[] TOKENS = new int[300];
  private static final long WORKING = LAYOUT.working().bytes(TOKENS.length);

  private final List<Long> reserved = new ArrayList<>();

  private SequentialEncoder encoder(KvCache budget) {
    return new SequentialEncoder(
        slices -> reserved.add(budget.stats().reservedBytes()), LAYOUT, null, budget);
  }

  @Test
  void itsWorkingCopyCountsUntilItIsDone() {
    try (KvCache budget = new KvCache(WORKING);
        KvStates states = encoder(budget).encode(List.of(), TOKENS, () -> true)) {
      assertThat(states.layout()).isEqualTo(LAYOUT);
      assertThat(reserved).containsExactly(WORKING, WORKING, WORKING);
      assertThat(budget.stats().reservedBytes()).isZero();
    }
  }

  @Test
  void onlyWhatFitsTogetherWithItsResultMayBeTriedAgain() {
    long whole = WORKING + LAYOUT.bytes(TOKENS.length);
    for (long bytes : List.of(whole, whole - 1)) {
      KvCache budget = new KvCache(bytes);
      assertThat(budget.tryReserve(LAYOUT.bytes(TOKENS.length) + 1)).isTrue();
      assertThatThrownBy(() -> encoder(budget).encode(List.of(), TOKENS, () -> true))
          .isInstanceOf(bytes < whole ? IllegalArgumentException.class : OverloadedException.class)
          .hasMessageContaining("kvBudgetBytes");
      budget.close();
      assertThatThrownBy(() -> encoder(budget).encode(List.of(), TOKENS, () -> true))
          .isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void whatNobodyWantsEndsBeforeItsNextStep() {
    try (KvCache budget = new KvCache(WORKING)) {
      assertThatThrownBy(() -> encoder(budget).encode(List.of(), TOKENS, reserved::isEmpty))
          .isInstanceOf(CancellationException.class);
      assertThat(reserved).hasSize(1);
      assertThat(budget.stats().reservedBytes()).isZero();
    }
  }
}
