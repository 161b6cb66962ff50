package io.gibbon.tornado;

import io.gibbon.runtime.engine.AttentionPlan;
import io.gibbon.runtime.engine.AttentionPlan.Item;
import io.gibbon.runtime.engine.AttentionPlan.Piece;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.RowRange;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * One step as the kernels read it: its rows, what each attends to, and whose logits and attention
 * shares are wanted, in one array of ints that goes to the device once a step. Tables follow a
 * header that tells where they begin.
 */
final class StepPlan {

  private final int[] ints = new int[StepTable.CAPACITY];
  private final List<RowRange> ranges;
  private final List<RowRange> wanted;
  private final Map<Slice, Integer> firstCell = new IdentityHashMap<>();
  private final int heads;
  private final Set<KvStates> coded;
  private int size = StepTable.HEADER;
  private int items;
  private boolean wholeRows;

  /**
   * Plans a step.
   *
   * @param slices at most {@link StepTable#MAX_ROWS} tokens together
   * @param pages where the pages of states lie on the device
   * @param coded which of them are pages of codes
   * @throws TooLargeException if a table has no room for it
   */
  StepPlan(
      List<Slice> slices,
      int vocabulary,
      int heads,
      int group,
      Map<KvStates, int[]> pages,
      Set<KvStates> coded) {
    this.coded = coded;
    this.heads = heads;
    this.ranges = RowRange.all(slices);
    this.wanted = RowRange.wanted(slices, vocabulary);
    int rowsPerItem = Math.max(1, AttentionKernels.QUERIES / group);
    AttentionPlan attention = new AttentionPlan(ranges, heads, rowsPerItem);
    requireRoom(attention.slotCount() <= (long) StepTable.MAX_PARTIALS * heads);
    planRows(attention, pages);
    planWanted(slices);
    planShares(vocabulary);
    planItems(attention, group, planSlots(pages));
  }

  private void planRows(AttentionPlan attention, Map<KvStates, int[]> pages) {
    ints[StepTable.ROWS] = attention.rows();
    ints[StepTable.ROW_TABLE] = take(attention.rows() * StepTable.ROW);
    for (RowRange range : ranges) {
      int[] own = pages.get(range.slice().sequence().own());
      for (int row = range.row(); row < range.row() + range.count(); row++) {
        int at = ints[StepTable.ROW_TABLE] + row * StepTable.ROW;
        int index = range.ownIndex(row);
        ints[at + StepTable.TOKEN] = range.slice().tokens()[row - range.row()];
        ints[at + StepTable.POSITION] = range.position(row);
        ints[at + StepTable.OWN_INDEX] = index;
        ints[at + StepTable.OWN_SLOT] = own[index / HeadKernels.SLOT];
        ints[at + StepTable.PARTIALS] = attention.slot(row, 0, 0);
        ints[at + StepTable.SPANS] = attention.spans(row);
        ints[at + StepTable.CONTEXT_SPANS] = attention.contextSpans(row);
        ints[at + StepTable.SHARES] = -1;
      }
    }
  }

  private void planWanted(List<Slice> slices) {
    for (Slice slice : slices) {
      wholeRows |= slice.logits() != null;
      if (slice.top() != null) {
        ints[StepTable.TOP] = Math.max(ints[StepTable.TOP], slice.top().count());
      }
    }
    ints[StepTable.WANTED] = RowRange.total(wanted);
    ints[StepTable.WANTED_TABLE] = take(ints[StepTable.WANTED]);
    int at = ints[StepTable.WANTED_TABLE];
    for (RowRange range : wanted) {
      int last = lastRow(range.slice());
      for (int i = range.count() - 1; i >= 0; i--) {
        ints[at++] = last - i;
      }
    }
  }

  private int lastRow(Slice slice) {
    for (RowRange range : ranges) {
      if (range.slice() == slice) {
        return range.row() + range.count() - 1;
      }
    }
    throw new IllegalArgumentException("a slice of another step");
  }

  private void planShares(int vocabulary) {
    int pieces = 0;
    int cells = 0;
    ints[StepTable.CELL_TABLE] = size;
    for (RowRange range : ranges) {
      HeadShares shares = range.slice().shares();
      if (shares == null) {
        continue;
      }
      firstCell.put(range.slice(), cells);
      int perRow = AttentionPlan.contextOfPiece(range.slice().sequence().contexts()).length;
      int rows = RowRange.wantedRows(range.slice(), vocabulary);
      for (int row = range.row() + range.count() - rows; row <= lastRow(range.slice()); row++) {
        ints[ints[StepTable.ROW_TABLE] + row * StepTable.ROW + StepTable.SHARES] = pieces * heads;
        for (int head : wantedHeads(shares)) {
          for (int piece = 0; piece < perRow; piece++) {
            int at = take(StepTable.CELL);
            ints[at + StepTable.CELL_ROW] = row;
            ints[at + StepTable.CELL_PIECE] = (pieces + piece) * heads;
            ints[at + StepTable.CELL_HEAD] = head;
            cells++;
          }
        }
        pieces += perRow;
      }
    }
    requireRoom(pieces <= StepTable.MAX_SHARE_PIECES && cells <= StepTable.MAX_CELLS);
    ints[StepTable.CELLS] = cells;
  }

  /** Wanted heads, counted through all layers; -1 for all together. */
  private int[] wantedHeads(HeadShares shares) {
    return shares.heads().isEmpty()
        ? new int[] {-1}
        : shares.heads().stream().mapToInt(head -> head.layer() * heads + head.head()).toArray();
  }

  private Map<KvStates, Integer> planSlots(Map<KvStates, int[]> pages) {
    Map<KvStates, Integer> offsets = new IdentityHashMap<>();
    int total = pages.values().stream().mapToInt(slots -> slots.length).sum();
    ints[StepTable.SLOT_TABLE] = take(total);
    int at = 0;
    for (Map.Entry<KvStates, int[]> states : pages.entrySet()) {
      int[] slots = states.getValue();
      offsets.put(states.getKey(), at);
      System.arraycopy(slots, 0, ints, ints[StepTable.SLOT_TABLE] + at, slots.length);
      at += slots.length;
    }
    return offsets;
  }

  private void planItems(AttentionPlan attention, int group, Map<KvStates, Integer> slots) {
    Map<List<Piece>, Integer> firstPiece = new IdentityHashMap<>();
    Map<Item, Integer> firstQuery = new LinkedHashMap<>();
    List<int[]> pieces = new ArrayList<>();
    int queries = 0;
    for (Item item : attention.items()) {
      if (firstPiece.putIfAbsent(item.pieces(), pieces.size()) == null) {
        Sequence sequence = attention.range(item.rows()[0]).slice().sequence();
        item.pieces().forEach(piece -> pieces.add(piece(piece, sequence, slots)));
      }
      firstQuery.put(item, queries);
      queries += item.rows().length;
    }
    ints[StepTable.PIECE_TABLE] = take(pieces.size() * StepTable.PIECE);
    for (int i = 0; i < pieces.size(); i++) {
      System.arraycopy(
          pieces.get(i),
          0,
          ints,
          ints[StepTable.PIECE_TABLE] + i * StepTable.PIECE,
          StepTable.PIECE);
    }
    ints[StepTable.QUERY_TABLE] = take(queries);
    ints[StepTable.ITEM_TABLE] = size;
    for (Map.Entry<Item, Integer> entry : firstQuery.entrySet()) {
      Item item = entry.getKey();
      int[] rows = item.rows();
      System.arraycopy(rows, 0, ints, ints[StepTable.QUERY_TABLE] + entry.getValue(), rows.length);
      for (int first = 0; first < rows.length * group; first += AttentionKernels.QUERIES) {
        int at = take(StepTable.ITEM);
        ints[at + StepTable.PIECES_FROM] = firstPiece.get(item.pieces());
        ints[at + StepTable.PIECES_TO] = ints[at + StepTable.PIECES_FROM] + item.pieces().size();
        ints[at + StepTable.ITEM_SPAN] = item.span();
        ints[at + StepTable.FIRST_QUERY] = entry.getValue() * group + first;
        ints[at + StepTable.QUERY_COUNT] =
            Math.min(AttentionKernels.QUERIES, rows.length * group - first);
        ints[at + StepTable.LAST_OWN_INDEX] = extreme(attention, rows, true);
        ints[at + StepTable.LEAST_POSITION] = extreme(attention, rows, false);
        items++;
      }
    }
  }

  private static int extreme(AttentionPlan attention, int[] rows, boolean lastOwnIndex) {
    ToIntFunction<Integer> ownIndex = row -> attention.range(row).ownIndex(row);
    ToIntFunction<Integer> position = row -> attention.range(row).position(row);
    return lastOwnIndex
        ? Arrays.stream(rows).map(ownIndex::applyAsInt).max().orElseThrow()
        : Arrays.stream(rows).map(position::applyAsInt).min().orElseThrow();
  }

  private int[] piece(Piece piece, Sequence sequence, Map<KvStates, Integer> slots) {
    int start = 0;
    if (piece.causal()) {
      start = sequence.start();
    } else if (piece.context() >= 0) {
      start = sequence.contextStart(piece.context());
    }
    return new int[] {
      slots.get(piece.states()),
      piece.from(),
      piece.to(),
      piece.causal() ? 1 : 0,
      start,
      piece.index(),
      coded.contains(piece.states()) ? 1 : 0
    };
  }

  private int take(int count) {
    requireRoom((long) size + count <= StepTable.CAPACITY);
    int at = size;
    size += count;
    return at;
  }

  private static void requireRoom(boolean there) {
    if (!there) {
      throw new TooLargeException("it attends to more contexts than the device's tables hold");
    }
  }

  /** All ints, header first. */
  int[] ints() {
    return ints;
  }

  /** How many of the ints are used. */
  int size() {
    return size;
  }

  /** All rows of the step. */
  List<RowRange> ranges() {
    return ranges;
  }

  /** Rows whose logits or shares are wanted. */
  List<RowRange> wanted() {
    return wanted;
  }

  /** Number of rows. */
  int rows() {
    return ints[StepTable.ROWS];
  }

  /** Whether some slice wants whole rows of logits. */
  boolean wantsWholeRows() {
    return wholeRows;
  }

  /** How many of a row's greatest logits some slice wants; 0 if none does. */
  int topCount() {
    return ints[StepTable.TOP];
  }

  /** Number of items of attention. */
  int items() {
    return items;
  }

  /** Number of shares that are computed. */
  int cells() {
    return ints[StepTable.CELLS];
  }

  /** Index of a slice's first share: row by row, head by head, piece by piece. */
  int firstCell(Slice slice) {
    return firstCell.get(slice);
  }
}
