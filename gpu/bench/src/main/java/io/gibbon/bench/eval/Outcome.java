package io.gibbon.bench.eval;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a mode did on an item.
 *
 * @param item index of the item in its file
 * @param mode name of the mode
 * @param answer what was answered; of an item with choices, the one preferred
 * @param f1 token F1, or null for an item with choices
 * @param em exact match, as {@code f1}
 * @param contains whether a right answer is part of what was answered, as {@code f1}
 * @param accuracy whether the right choice was preferred, or null without choices
 * @param logprob log-probability of the first right answer, the mean of its tokens, in nats
 * @param kl Kullback-Leibler divergence from sequential of what predicts those tokens, mean, in
 *     nats
 * @param goldFirst whether the context chosen first is gold, or null if nothing was chosen or
 *     marked
 * @param goldKept the part of the gold contexts that were chosen, as {@code goldFirst}
 * @param citedFirst whether the context cited first is gold, or null if none is marked, the answer
 *     holds no right one, or is over one context
 */
record Outcome(
    int item,
    String mode,
    String answer,
    @Nullable Double f1,
    @Nullable Double em,
    @Nullable Double contains,
    @Nullable Double accuracy,
    double logprob,
    double kl,
    @Nullable Double goldFirst,
    @Nullable Double goldKept,
    @Nullable Double citedFirst) {

  /** F1, or accuracy where there are choices. */
  double main() {
    return Objects.requireNonNull(accuracy == null ? f1 : accuracy);
  }
}
