package io.gibbon.runtime.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopStringsTest {

  @Test
  void aStopStringAcrossTokensNeverShows() {
    StopStrings stops = new StopStrings(List.of("END", "Q:"));
    assertThat(stops.add("one E")).isEqualTo("one ");
    assertThat(stops.add("N")).isEmpty();
    assertThat(stops.add("E EN")).isEqualTo("ENE ");
    assertThat(stops.stopped()).isFalse();
    assertThat(stops.add("D and more")).isEmpty();
    assertThat(stops.stopped()).isTrue();
    assertThat(stops.end()).isEmpty();
  }

  @Test
  void theEarliestStopStringCounts() {
    StopStrings stops = new StopStrings(List.of("late", "b"));
    assertThat(stops.add("a b late")).isEqualTo("a ");
    assertThat(stops.stopped()).isTrue();
  }

  @Test
  void whatWasHeldBackShowsAtTheEnd() {
    StopStrings stops = new StopStrings(List.of("\n\n"));
    assertThat(stops.add("last line\n")).isEqualTo("last line");
    assertThat(stops.end()).isEqualTo("\n");
  }

  @Test
  void absurdStopStringsAreRefused() {
    assertThatThrownBy(() -> StopStrings.check(List.of(""))).hasMessageContaining("stop");
    assertThatThrownBy(() -> StopStrings.check(Collections.nCopies(17, "x")))
        .hasMessageContaining("at most 16");
    assertThatThrownBy(() -> StopStrings.check(List.of("x".repeat(257))))
        .hasMessageContaining("256");
  }
}
