package io.gibbon.runtime.engine;

import io.gibbon.runtime.sampling.TopLogits;
import org.jspecify.annotations.Nullable;

/**
 * The next tokens of one sequence in a step.
 *
 * @param sequence where the tokens belong
 * @param first index of the first of these tokens among the sequence's own tokens: everything
 *     before is in {@code own}
 * @param tokens token ids, at least one
 * @param logits receives the logits of the last row, or null if nobody wants them; all rows
 *     (row-major, vocabulary wide) when it has room for them all
 * @param top receives, in place of {@code logits}, the greatest ones of the last row; of all rows
 *     when it has room for them all
 * @param shares receives attention shares of the contexts, or null. A slice that wants shares but
 *     no logits runs only as deep as their heads lie, if nothing else is in the step; its own keys
 *     and values are then filled so deep, which is of use to later parts of the same reading alone
 */
public record Slice(
    Sequence sequence,
    int first,
    int[] tokens,
    float @Nullable [] logits,
    @Nullable TopLogits top,
    @Nullable HeadShares shares) {

  /**
   * Refuses to fill both.
   *
   * @throws IllegalArgumentException if whole rows and the greatest logits are asked for
   */
  public Slice {
    if (logits != null && top != null) {
      throw new IllegalArgumentException("whole rows of logits have the greatest ones");
    }
  }

  /** With whole rows of logits, or none. */
  public Slice(
      Sequence sequence,
      int first,
      int[] tokens,
      float @Nullable [] logits,
      @Nullable HeadShares shares) {
    this(sequence, first, tokens, logits, null, shares);
  }

  /** Whether logits are wanted in any form. */
  public boolean wantsLogits() {
    return logits != null || top != null;
  }

  /** Layers that must run to know what this slice asks for, of so many. */
  public int depth(int layers) {
    return !wantsLogits() && shares != null ? shares.depth(layers) : layers;
  }
}
