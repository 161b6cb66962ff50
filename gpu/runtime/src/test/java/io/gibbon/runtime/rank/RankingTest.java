package io.gibbon.runtime.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** What is kept of scored contexts, and what is cited. */
class RankingTest {

  @Test
  void theBestComeFirstAndOfEqualOnesTheFirst() {
    Ranking ranking = new Ranking(new double[] {1, 3, 2, 3, Double.NEGATIVE_INFINITY});
    assertThat(ranking.order()).containsExactly(1, 3, 2, 0, 4);
    assertThat(ranking.best(2)).containsExactly(1, 3);
    assertThat(ranking.best(9)).hasSize(5);
  }

  @Test
  void thoseWithoutAScoreStandByPreference() {
    double none = Double.NEGATIVE_INFINITY;
    Ranking ranking = new Ranking(new double[] {none, 1, none}, new double[] {0.1, 0.2, 0.3});
    assertThat(ranking.order()).containsExactly(1, 2, 0);
  }

  @Test
  void belowOneAsManyAreKeptAsHaveThatMuchOfTheProbability() {
    // Probabilities 1/2, 1/4, 1/8, 1/8.
    double[] scores = {Math.log(1), Math.log(4), Math.log(2), Math.log(1)};
    Ranking ranking = new Ranking(scores);
    assertThat(ranking.best(0.4)).containsExactly(1);
    assertThat(ranking.best(0.6)).containsExactly(1, 2);
    assertThat(ranking.best(0.8)).containsExactly(1, 2, 0);
    assertThat(new Ranking(new double[0]).best(0.5)).isEmpty();
  }

  @Test
  void citationsAddUpToOneAndNeedBothQuestionAndAnswer() {
    double[] shares = Citations.combined(new double[] {0.4, 0.1, 0}, new double[] {0.1, 0.1, 0.5});
    assertThat(shares[0] + shares[1] + shares[2]).isCloseTo(1, within(1e-12));
    assertThat(shares[0]).isCloseTo(4 * shares[1], within(1e-9));
    assertThat(shares[2]).isLessThan(shares[1]);
  }
}
