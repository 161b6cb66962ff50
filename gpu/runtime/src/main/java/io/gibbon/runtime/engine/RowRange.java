package io.gibbon.runtime.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Some of a slice's tokens as rows of the activations.
 *
 * @param slice where they come from
 * @param first index of the first among the sequence's own tokens
 * @param count how many
 * @param row the first one's row in the activations
 */
public record RowRange(Slice slice, int first, int count, int row) {

  /** All rows of all slices, in order. */
  public static List<RowRange> all(List<Slice> slices) {
    List<RowRange> ranges = new ArrayList<>(slices.size());
    int row = 0;
    for (Slice slice : slices) {
      ranges.add(new RowRange(slice, slice.first(), slice.tokens().length, row));
      row += slice.tokens().length;
    }
    return ranges;
  }

  /** The rows that somebody wants to know the outcome of: none, the last, or all of a slice. */
  public static List<RowRange> wanted(List<Slice> slices, int vocabulary) {
    List<RowRange> ranges = new ArrayList<>(slices.size());
    int row = 0;
    for (Slice slice : slices) {
      if (!slice.wantsLogits() && slice.shares() == null) {
        continue;
      }
      int tokens = slice.tokens().length;
      int count = wantedRows(slice, vocabulary);
      ranges.add(new RowRange(slice, slice.first() + tokens - count, count, row));
      row += count;
    }
    return ranges;
  }

  /** How many of a slice's rows, counted from its last, somebody wants to know the outcome of. */
  public static int wantedRows(Slice slice, int vocabulary) {
    int tokens = slice.tokens().length;
    int room = tokens;
    if (slice.logits() != null) {
      room = slice.logits().length / vocabulary;
    } else if (slice.top() != null) {
      room = slice.top().rows();
    }
    return room >= tokens ? tokens : 1;
  }

  /** Rows of all ranges together. */
  public static int total(List<RowRange> ranges) {
    int rows = 0;
    for (RowRange range : ranges) {
      rows += range.count();
    }
    return rows;
  }

  /** Position of the sequence's token that lies in an activation row of this range. */
  public int position(int activationRow) {
    return slice.sequence().start() + ownIndex(activationRow);
  }

  /** Index among the sequence's own tokens of the one in an activation row of this range. */
  public int ownIndex(int activationRow) {
    return first + activationRow - row;
  }
}
