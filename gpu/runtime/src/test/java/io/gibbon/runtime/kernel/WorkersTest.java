package io.gibbon.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Every index is done once, failures reach the caller, and nothing spins while idle. */
class WorkersTest {

  @Test
  void everyIndexIsDoneOnce() {
    try (Workers workers = new Workers(4)) {
      for (int size = 0; size < 300; size++) {
        AtomicIntegerArray done = new AtomicIntegerArray(size);
        workers.forEach(size, (index, worker) -> done.incrementAndGet(index));
        for (int i = 0; i < size; i++) {
          assertThat(done.get(i)).isEqualTo(1);
        }
      }
    }
  }

  @Test
  void aLateThreadNeverMixesOneLoopWithTheNext() {
    try (Workers workers = new Workers(4)) {
      for (int loop = 0; loop < 50_000; loop++) {
        int size = 1 + loop % 7;
        int expected = loop;
        AtomicIntegerArray done = new AtomicIntegerArray(size);
        workers.forEach(size, (index, worker) -> done.addAndGet(index, expected));
        for (int i = 0; i < size; i++) {
          assertThat(done.get(i)).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void aFailureReachesTheCallerAndTheWorkersGoOn() {
    try (Workers workers = new Workers(3)) {
      assertThatThrownBy(
              () ->
                  workers.forEach(
                      100,
                      (index, worker) -> {
                        if (index == 57) {
                          throw new IllegalStateException("fifty-seven");
                        }
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("fifty-seven");
      Set<Integer> done = ConcurrentHashMap.newKeySet();
      workers.forEach(50, (index, worker) -> done.add(index));
      assertThat(done).hasSize(50);
    }
  }

  @Test
  void idleWorkersPark() {
    Set<Thread> before = computeThreads();
    try (Workers workers = new Workers(3)) {
      Set<Thread> ours = computeThreads();
      ours.removeAll(before);
      assertThat(ours).hasSize(2);
      for (int loop = 0; loop < 100; loop++) {
        workers.forEach(64, (index, worker) -> Thread.onSpinWait());
      }
      await().until(() -> ours.stream().allMatch(t -> t.getState() == Thread.State.WAITING));
    }
  }

  private static Set<Thread> computeThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("gibbon-compute"))
        .collect(Collectors.toCollection(HashSet::new));
  }
}
