package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.model.Metadata;
import java.util.Arrays;

/**
 * Merges of all normal tokens that together are written as a normal token, those to the token of
 * the highest score first. They are looked up in the vocabulary when they are asked for, since a
 * large one has half a million and texts use few.
 */
final class ScoredMerges implements Merges {

  private static final String SCORES = "tokenizer.ggml.scores";

  private final Vocabulary vocabulary;
  private final int[] ranks;

  /**
   * Reads the scores.
   *
   * @throws io.gibbon.runtime.model.InvalidModelException if they are not one number a token
   */
  ScoredMerges(Metadata metadata, Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.ranks = ranks(metadata, vocabulary.size());
  }

  @Override
  public int rank(int left, int right) {
    int result = result(left, right);
    return result < 0 ? NONE : ranks[result];
  }

  @Override
  public int result(int left, int right) {
    return vocabulary.isNormal(left) && vocabulary.isNormal(right)
        ? vocabulary.normal(vocabulary.text(left) + vocabulary.text(right))
        : NONE;
  }

  /** By descending score; tokens of one score have one rank. */
  private static int[] ranks(Metadata metadata, int count) {
    float[] scores = metadata.floats(SCORES);
    if (scores.length != count) {
      throw metadata.problem(
          SCORES, "has %d entries for %d tokens".formatted(scores.length, count));
    }
    for (int id = 0; id < count; id++) {
      if (Float.isNaN(scores[id])) {
        throw metadata.problem(SCORES, "entry %d is not a number".formatted(id));
      }
      scores[id] += 0f; // zeros of either sign are one score
    }
    float[] sorted = scores.clone();
    Arrays.sort(sorted);
    int[] ranks = new int[count];
    for (int id = 0; id < count; id++) {
      ranks[id] = count - 1 - Arrays.binarySearch(sorted, scores[id]);
    }
    return ranks;
  }
}
