package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.tornado.PagePool.Tokens;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which pages are taken to the device, and which make room. */
class PagePoolTest {

  private static final KvLayout LAYOUT = new KvLayout(1, 1, 16, KvFormat.F32);

  private final PagePool pool = new PagePool(4);
  private final List<KvStates> opened = new ArrayList<>();
  private final List<String> loads = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(KvStates::close);
  }

  @Test
  void pagesAreTakenToTheDeviceOnce() {
    KvStates states = states(20);
    int[] slots = place(states, 20, 20);
    assertThat(slots).hasSize(2).doesNotHaveDuplicates();
    assertThat(place(states, 20, 20)).isEqualTo(slots);
    assertThat(loads).containsExactly("0.0", "0.1");
  }

  @Test
  void whatAStepFillsIsNotLoadedAgain() {
    KvStates own = states(40);
    place(own, 10, 0);
    pool.filled(own, 10);
    place(own, 30, 10);
    pool.filled(own, 30);
    place(own, 31, 30);
    assertThat(loads).isEmpty();
  }

  @Test
  void whatWasFilledElsewhereIsLoaded() {
    KvStates own = states(40);
    place(own, 20, 0);
    pool.filled(own, 20);
    place(own, 40, 35);
    assertThat(loads).containsExactly("0.1", "0.2");
  }

  @Test
  void theLeastRecentlyUsedMakeRoom() {
    KvStates first = states(16);
    KvStates second = states(32);
    place(first, 16, 16);
    place(second, 32, 32);
    place(first, 16, 16);
    place(states(17), 17, 17);
    loads.clear();
    place(first, 16, 16);
    assertThat(loads).isEmpty();
    place(second, 32, 32);
    assertThat(loads).containsExactly("1.0", "1.1");
  }

  @Test
  void aStepThatNeedsMoreThanThereIsIsRefusedAndChangesNothing() {
    KvStates kept = states(16);
    place(kept, 16, 16);
    assertThatThrownBy(() -> place(states(80), 80, 80))
        .isInstanceOf(TooLargeException.class)
        .hasMessageContaining("5 pages")
        .hasMessageContaining("holds 4");
    loads.clear();
    place(kept, 16, 16);
    assertThat(loads).isEmpty();
  }

  @Test
  void forgottenStatesAreLoadedAgain() {
    KvStates states = states(16);
    place(states, 16, 16);
    pool.forget(states);
    place(states, 16, 16);
    assertThat(loads).containsExactly("0.0", "0.0");
    assertThat(pool.stats().used()).isEqualTo(1);
  }

  private int[] place(KvStates states, int room, int filled) {
    Map<KvStates, Tokens> needed = new IdentityHashMap<>();
    needed.put(states, new Tokens(room, filled));
    return pool.place(needed, (s, page, slot) -> loads.add(opened.indexOf(s) + "." + page))
        .get(states);
  }

  private KvStates states(int tokens) {
    KvStates states = KvStates.allocate(LAYOUT, tokens);
    opened.add(states);
    return states;
  }
}
