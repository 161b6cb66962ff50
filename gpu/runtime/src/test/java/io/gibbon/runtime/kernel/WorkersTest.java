package io.gibbon.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
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
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    try (Workers workers = new Workers(2)) {
      Set<Long> ids = ConcurrentHashMap.newKeySet();
      await()
          .until(
              () -> {
                workers.forEach(64, (index, worker) -> ids.add(Thread.currentThread().threadId()));
                return ids.size() == 2;
              });
      ids.remove(Thread.currentThread().threadId());
      long id =
          ids.stream()
              .filter(i -> name(threads, i).startsWith("gibbon-compute"))
              .findFirst()
              .orElseThrow();
      await().until(() -> threads.getThreadInfo(id).getThreadState() == Thread.State.WAITING);
    }
  }

  private static String name(ThreadMXBean threads, long id) {
    return threads.getThreadInfo(id).getThreadName();
  }
}
