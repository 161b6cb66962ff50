package io.gibbon.server.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.server.FakeStates;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.DocumentStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AfterTest {

  private final FakeStates states = new FakeStates(new KvLayout(1, 1, 16, KvFormat.F32));

  @ParameterizedTest
  @ValueSource(strings = {"ferry", "ferry#1", "a/b#2", "me@home", "me@7"})
  void readsBackWhatItPrints(String id) {
    After after = new After(new DocumentId("island", id), 100);
    assertThat(After.parse("after", after.toString())).isEqualTo(after);
  }

  @ParameterizedTest
  @ValueSource(strings = {"now", "ferry@1", "/ferry@1", "island/@1", "island/ferry", "a@1/b"})
  void refusesAnythingElse(String text) {
    assertThatThrownBy(() -> After.parse("after", text)).isInstanceOf(RequestException.class);
  }

  @Test
  void aDeletionIsVisibleOnceItsMarkerIsStored() {
    After deletion = new After(new DocumentId("island", "ferry"), 100);
    assertThat(visible(deletion)).isFalse();
    states.add("island", "ferry", "at nine", 99);
    assertThat(visible(deletion)).isFalse();
    states.delete("island", "ferry", 100);
    assertThat(visible(deletion)).isTrue();
  }

  @Test
  void aPendingDocumentIsNotVisible() {
    After write = new After(new DocumentId("island", "ferry"), 100);
    states.put("island", "ferry", "at nine", 100, DocumentStatus.State.PENDING);
    assertThat(visible(write)).isFalse();
    states.add("island", "ferry", "at nine", 100);
    assertThat(visible(write)).isTrue();
  }

  private boolean visible(After after) {
    return after.visible(states.document(after.document()), states);
  }
}
