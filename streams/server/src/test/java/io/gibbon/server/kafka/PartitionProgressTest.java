package io.gibbon.server.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Which questions are committed, and what the next owner of a partition knows. */
class PartitionProgressTest {

  @Test
  void commitsUpToTheFirstUnfinishedQuestion() {
    PartitionProgress progress = new PartitionProgress(10, "");
    for (long offset = 10; offset < 13; offset++) {
      assertThat(progress.accept(offset)).isTrue();
      assertThat(progress.begin(offset)).isEqualTo(1);
    }

    progress.finish(11);
    assertThat(progress.position().offset()).isEqualTo(10);
    progress.finish(10);
    assertThat(progress.position().offset()).isEqualTo(12);
    progress.finish(12);
    assertThat(progress.position().offset()).isEqualTo(13);
    assertThat(progress.position().metadata()).isEmpty();
  }

  @Test
  void theNextOwnerCountsOnAndSkipsWhatIsAnswered() {
    PartitionProgress first = new PartitionProgress(10, "");
    first.accept(10);
    first.begin(10);
    first.accept(11);
    first.begin(11);
    first.finish(11);

    PartitionProgress second =
        new PartitionProgress(first.position().offset(), first.position().metadata());

    assertThat(second.accept(10)).isTrue();
    assertThat(second.begin(10)).isEqualTo(2);
    assertThat(second.accept(11)).isFalse();
    second.finish(10);
    assertThat(second.position().offset()).isEqualTo(12);
  }

  @Test
  void ignoresMetadataOfOthers() {
    PartitionProgress progress = new PartitionProgress(5, "hello;7=x;99999999999999999999=1");

    assertThat(progress.accept(7)).isTrue();
    assertThat(progress.begin(7)).isEqualTo(1);
  }
}
