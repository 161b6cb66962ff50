package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OutageTest {

  private static final Duration PROBE = Duration.ofSeconds(20);

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
  private final Outage outage = new Outage(nanos::get, PROBE);

  @Test
  void whileOneAsksTheOthersFailAtOnce() {
    outage.failed("down", null);
    pass(Outage.FIRST);
    outage.check();
    assertFailsFor(Outage.FIRST);
    pass(PROBE.minusMillis(1));
    assertFailsFor(Duration.ofMillis(1));

    outage.failed("still down", null);
    assertFailsFor(Outage.FIRST.multipliedBy(2));
    pass(Outage.FIRST.multipliedBy(2));
    outage.check();
    outage.over();
    assertThatCode(outage::check).doesNotThrowAnyException();
  }

  @Test
  void whoNeverTellsHowItWentIsWaitedForNoLongerThanItMayTake() {
    outage.failed("down", null);
    pass(Outage.FIRST);
    outage.check();
    pass(PROBE);
    assertThatCode(outage::check).doesNotThrowAnyException();
    assertFailsFor(Outage.FIRST);
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private void assertFailsFor(Duration time) {
    assertThatThrownBy(outage::check)
        .isInstanceOfSatisfying(
            RegistryUnavailableException.class, e -> assertThat(e.retryAfter()).isEqualTo(time));
  }
}
