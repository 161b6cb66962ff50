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
    try (KvCache small = new KvCache(WORKING - 1)) {
      assertThatThrownBy(() -> encoder(small).encode(List.of(), TOKENS, () -> true))
          .isInstanceOf(OverloadedException.class)
          .hasMessageContaining("kvBudgetBytes");
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
