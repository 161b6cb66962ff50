package io.gibbon.topology.internals;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EncoderRoomTest {

  private final EncoderRoom room = new EncoderRoom();

  @Test
  void ordinaryDocumentsOfAllPartitionsAreInsideTogether() {
    assertThat(room.enter("a", false)).isTrue();
    assertThat(room.enter("a", false)).isTrue();
    assertThat(room.enter("b", false)).isTrue();
  }

  @Test
  void whoIsAloneIsAloneInAllPartitions() {
    assertThat(room.enter("a", true)).isTrue();
    assertThat(room.enter("a", false)).isFalse();
    assertThat(room.enter("a", true)).isFalse();
    assertThat(room.enter("b", false)).isFalse();
    assertThat(room.enter("b", true)).isFalse();

    room.report("a", 0);
    assertThat(room.enter("b", false)).isTrue();
  }

  @Test
  void whoWaitsToBeAloneIsNotOvertaken() {
    assertThat(room.enter("a", false)).isTrue();
    assertThat(room.enter("b", true)).isFalse();
    assertThat(room.enter("a", false)).isFalse();

    room.report("a", 0);
    assertThat(room.enter("a", true)).isFalse();
    assertThat(room.enter("b", true)).isTrue();
  }

  @Test
  void aPartitionThatGoesAwayClaimsNothing() {
    assertThat(room.enter("a", false)).isTrue();
    assertThat(room.enter("b", true)).isFalse();
    room.report("b", 0);
    assertThat(room.enter("a", false)).isTrue();
  }

  @Test
  void nobodyEntersAClosedRoom() {
    room.close(0);
    assertThat(room.enter("a", false)).isFalse();
    assertThat(room.enter("a", true)).isFalse();
  }
}
