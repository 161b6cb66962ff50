package io.gibbon.runtime.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.OverloadedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KvCacheTest {

  private static final KvLayout LAYOUT = new KvLayout(1, 1, 4, KvFormat.F32);
  private static final int TOKENS = 16;
  private static final long BYTES = LAYOUT.bytes(TOKENS);

  private final KvCache cache = new KvCache(3 * BYTES);
  private final AtomicInteger loads = new AtomicInteger();

  @AfterEach
  void close() {
    cache.close();
  }

  private KvStates load() {
    loads.incrementAndGet();
    return KvStates.allocate(LAYOUT, TOKENS);
  }

  private KvCache.Lease lease(Object key) {
    return cache.lease(key, BYTES, this::load);
  }

  @Test
  void aSecondLeaseFindsTheStates() {
    try (var first = lease("a");
        var second = lease("a")) {
      assertThat(second.states()).isSameAs(first.states());
    }
    lease("a").close();
    assertThat(loads).hasValue(1);
    assertThat(cache.stats()).isEqualTo(new KvCache.Stats(3 * BYTES, BYTES, 0, 1, 2, 1, 0));
  }

  @Test
  void theLeastRecentlyUsedGoesFirst() {
    for (String key : List.of("a", "b", "c", "a", "d")) {
      lease(key).close();
    }
    assertThat(loads).hasValue(4);
    lease("a").close();
    lease("c").close();
    assertThat(loads).hasValue(4);
    lease("b").close();
    assertThat(loads).hasValue(5);
    assertThat(cache.stats().cachedBytes()).isEqualTo(3 * BYTES);
  }

  @Test
  void aLoadThatIsCancelledLeavesNothingBehind() {
    assertThatThrownBy(
            () ->
                cache.lease(
                    "a",
                    BYTES,
                    () -> {
                      throw new CancellationException();
                    }))
        .isInstanceOf(CancellationException.class);
    assertThat(cache.stats().cachedBytes()).isZero();
    lease("a").close();
  }

  @Test
  void borrowedStatesStayAndNoRoomIsAClearError() {
    try (var a = lease("a");
        var b = lease("b");
        var c = lease("c")) {
      assertThatThrownBy(() -> lease("d"))
          .isInstanceOf(OverloadedException.class)
          .hasMessageContaining("kvBudgetBytes");
      assertThat(cache.tryReserve(1)).isFalse();
      assertThat(List.of(a, b, c)).allMatch(lease -> lease.states().memory().scope().isAlive());
    }
    lease("d").close();
    assertThatThrownBy(() -> cache.lease("e", 4 * BYTES, this::load))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("kvBudgetBytes");
  }

  @Test
  void reservationsPushUnborrowedStatesOut() {
    lease("a").close();
    lease("b").close();
    try (var kept = lease("c")) {
      assertThat(cache.tryReserve(2 * BYTES)).isTrue();
      assertThat(cache.stats())
          .isEqualTo(new KvCache.Stats(3 * BYTES, BYTES, 2 * BYTES, 1, 0, 3, 2));
      assertThat(kept.states().memory().scope().isAlive()).isTrue();
      cache.release(2 * BYTES);
    }
    assertThat(cache.stats().reservedBytes()).isZero();
  }

  @Test
  void invalidatedStatesGoWithTheirLastLease() {
    lease("other").close();
    KvCache.Lease lease = lease("a");
    KvStates states = lease.states();
    assertThat(cache.invalidate("a"::equals)).isEqualTo(1);
    assertThat(states.memory().scope().isAlive()).isTrue();
    try (var again = lease("a")) {
      assertThat(again.states()).isNotSameAs(states);
    }
    lease.close();
    lease.close();
    assertThat(states.memory().scope().isAlive()).isFalse();
    assertThat(cache.stats().cachedBytes()).isEqualTo(2 * BYTES);
  }

  @Test
  void manyThreadsLoadOneKeyOnce() throws Exception {
    CountDownLatch begin = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<KvStates>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        all.add(
            threads.submit(
                () -> {
                  try (var lease = cache.lease("a", BYTES, () -> awaitThenLoad(begin))) {
                    return lease.states();
                  }
                }));
      }
      Awaitility.await().until(() -> cache.stats().hits() == 49);
      begin.countDown();
      for (Future<KvStates> one : all) {
        assertThat(one.get()).isSameAs(all.getFirst().get());
      }
    }
    assertThat(loads).hasValue(1);
  }

  private KvStates awaitThenLoad(CountDownLatch begin) {
    try {
      begin.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return load();
  }

  @Test
  void aFailedLoadIsToldAndTriedAgain() {
    IllegalStateException gone = new IllegalStateException("gone");
    assertThatThrownBy(
            () ->
                cache.lease(
                    "a",
                    BYTES,
                    () -> {
                      throw gone;
                    }))
        .isSameAs(gone);
    assertThatThrownBy(() -> cache.lease("a", BYTES, () -> KvStates.allocate(LAYOUT, 2 * TOKENS)))
        .hasMessageContaining("instead of");
    assertThat(cache.stats().cachedBytes()).isZero();
    lease("a").close();
    assertThat(loads).hasValue(1);
  }

  @Test
  void closingFreesAllButWhatIsBorrowed() {
    KvCache.Lease lease = lease("a");
    lease("b").close();
    cache.close();
    assertThat(cache.stats().cachedBytes()).isEqualTo(BYTES);
    assertThatThrownBy(() -> lease("a")).isInstanceOf(IllegalStateException.class);
    lease.close();
    assertThat(cache.stats().cachedBytes()).isZero();
  }
}
