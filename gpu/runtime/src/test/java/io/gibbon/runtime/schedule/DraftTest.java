package io.gibbon.runtime.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DraftTest {

  private static final int[] TEXT = IntStream.range(100, 140).toArray();

  private static Draft draft(int[]... texts) {
    return new Draft(Arrays.asList(texts));
  }

  private static void append(Draft draft, int... tokens) {
    for (int token : tokens) {
      draft.append(token);
    }
  }

  @Test
  void whatFollowsTheLastTokensInATextMayComeNext() {
    Draft draft = draft(new int[] {1, 2, 3}, TEXT);
    append(draft, 7, 109, 110, 111);
    assertThat(draft.next(7)).containsExactly(112, 113, 114);
    assertThat(draft.next(2)).containsExactly(112, 113);
    assertThat(draft.next(0)).isEmpty();
  }

  @Test
  void twoEqualTokensAreNotEnough() {
    Draft draft = draft(TEXT);
    append(draft, 7, 110, 111);
    assertThat(draft.next(7)).isEmpty();
  }

  @Test
  void tokensBeforeTheAnswerDoNotCount() {
    Draft draft = draft(new int[] {1, 2, 3, 4}, new int[] {1, 2});
    append(draft, 3);
    assertThat(draft.next(7)).isEmpty();
  }

  @Test
  void theLongestEqualRunWins() {
    Draft draft = draft(new int[] {5, 0, 1, 2, 30}, new int[] {6, 0, 1, 2, 40});
    append(draft, 5, 0, 1, 2);
    assertThat(draft.next(7)).containsExactly(30);
  }

  @Test
  void noGuessGoesBeyondItsText() {
    Draft draft = draft(new int[] {1, 2, 3, 4}, new int[] {9, 9, 9, 9});
    append(draft, 1, 2, 3);
    assertThat(draft.next(7)).containsExactly(4);
    append(draft, 4);
    assertThat(draft.next(7)).isEmpty();
  }

  @Test
  void anAnswerMayRepeatItself() {
    Draft draft = draft(new int[] {9});
    append(draft, 1, 2, 3, 4, 1, 2, 3);
    assertThat(draft.next(7)).containsExactly(4, 1, 2);
  }

  @Test
  void rightGuessesGrowAndWrongOnesBecomeRare() {
    Draft draft = draft(TEXT);
    append(draft, 100, 101, 102);
    draft.judged(3, 3);
    assertThat(draft.next(20)).hasSize(7);
    draft.judged(7, 4);
    assertThat(draft.next(20)).hasSize(3);
    draft.judged(3, 0);
    assertThat(draft.next(20)).isEmpty();
    append(draft, 103);
    assertThat(draft.next(20)).hasSize(3);
    draft.judged(3, 0);
    append(draft, 104);
    assertThat(draft.next(20)).isEmpty();
    append(draft, 105);
    assertThat(draft.next(20)).hasSize(3);
  }

  @Test
  void guessesThatAreMostlyWrongBecomeRareToo() {
    Draft draft = draft(TEXT);
    append(draft, 100, 101, 102);
    draft.judged(3, 1);
    assertThat(draft.next(20)).isEmpty();
  }

  @Test
  void guessesGrowToALimit() {
    Draft draft = draft(IntStream.range(0, 1000).toArray());
    append(draft, 100, 101, 102);
    for (int i = 0; i < 40; i++) {
      draft.judged(3, 3);
    }
    assertThat(draft.next(100)).hasSize(63);
  }

  @Test
  void onlyTheBeginningOfVeryLongTextsIsLookedAt() {
    Draft draft = draft(new int[70_000], TEXT);
    append(draft, 110, 111, 112);
    assertThat(draft.next(7)).isEmpty();
  }

  @Test
  void withoutTextsThereAreNoGuesses() {
    Draft draft = new Draft(List.of());
    for (int i = 0; i < 200; i++) {
      draft.append(i % 3);
    }
    assertThat(draft.next(7)).isEmpty();
  }
}
