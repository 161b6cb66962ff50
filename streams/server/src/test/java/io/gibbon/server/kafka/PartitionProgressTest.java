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

  @Test
  void hundredsOfAnsweredQuestionsBehindAnOpenOneAreOneRange() {
    PartitionProgress progress = new PartitionProgress(9_000_000_000L, "");
    for (long i = 0; i < 900; i++) {
      progress.accept(9_000_000_000L + i);
      progress.begin(9_000_000_000L + i);
      if (i > 0) {
        progress.finish(9_000_000_000L + i);
      }
    }

    assertThat(progress.position().metadata()).isEqualTo("0=1;1-899");
    PartitionProgress second =
        new PartitionProgress(progress.position().offset(), progress.position().metadata());
    assertThat(second.accept(9_000_000_000L)).isTrue();
    assertThat(second.accept(9_000_000_899L)).isFalse();
    assertThat(second.accept(9_000_000_900L)).isTrue();
  }

  @Test
  void offsetsWithoutQuestionsDoNotBreakRanges() {
    PartitionProgress progress = new PartitionProgress(0, "");
    for (long offset = 0; offset < 1000; offset += 2) {
      progress.accept(offset);
      progress.begin(offset);
    }
    for (long offset = 2; offset < 1000; offset += 2) {
      progress.finish(offset);
    }

    assertThat(progress.position().metadata()).isEqualTo("0=1;1-998");
  }

  @Test
  void begunQuestionsNeverOutgrowWhatABrokerTakes() {
    PartitionProgress progress = new PartitionProgress(0, "");
    int begun = 0;
    for (long offset = 0; offset < 3000; offset++) {
      progress.accept(offset);
      if (progress.mayBegin(offset)) {
        progress.begin(offset);
        begun++;
      }
    }

    assertThat(begun).isBetween(300, 700);
    assertThat(progress.hasRoom()).isFalse();
    for (int attempt = 2; attempt <= 100; attempt++) {
      for (long offset = 0; offset < begun; offset++) {
        assertThat(progress.mayBegin(offset)).isTrue();
        progress.begin(offset);
      }
    }
    assertThat(progress.position().metadata()).hasSizeLessThan(4096);
    for (long offset = 0; offset < begun; offset += 2) {
      progress.finish(offset);
      assertThat(progress.position().metadata()).hasSizeLessThan(4096);
    }
    for (long offset = 1; offset < begun; offset += 2) {
      progress.finish(offset);
    }
    assertThat(progress.mayBegin(begun)).isTrue();
  }
}
