package io.gibbon.runtime.engine;

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
 * @param shares receives attention shares of the contexts, or null. A slice that wants shares but
 *     no logits runs only as deep as their heads lie, if nothing else is in the step; its own keys
 *     and values are then filled so deep, which is of use to later parts of the same reading alone
 */
public record Slice(
    Sequence sequence,
    int first,
    int[] tokens,
    float @Nullable [] logits,
    @Nullable HeadShares shares) {

  /** Layers that must run to know what this slice asks for, of so many. */
  public int depth(int layers) {
    return logits == null && shares != null ? shares.depth(layers) : layers;
  }
}
