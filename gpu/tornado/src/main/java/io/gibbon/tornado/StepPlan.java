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
import java.util.function.ToIntFunction;

/**
 * One step as the kernels read it: its rows, what each attends to, and whose logits and attention
 * shares are wanted, in one array of ints that goes to the device once a step. Tables follow a
 * header that tells where they begin.
 */
final class StepPlan {

  /** The most rows of a step. */
  static final int MAX_ROWS = 256;

  /** Rows whose logits are computed together. */
  static final int LOGIT_ROWS = 16;

  /** The most ints. */
  static final int CAPACITY = 1 << 16;

  /** The most partial results of attention for each head. */
  static final int MAX_PARTIALS = 8 * MAX_ROWS;

  /** The most context pieces whose log-sum-exp is wanted, over all rows that want shares. */
  static final int MAX_SHARE_PIECES = 1 << 14;

  /** The most shares of one head, row and piece that are wanted. */
  static final int MAX_CELLS = 1 << 14;

  // The header.
  static final int ROWS = 0;
  static final int WANTED = 1;
  static final int CELLS = 2;
  static final int ROW_TABLE = 3;
  static final int WANTED_TABLE = 4;
  static final int ITEM_TABLE = 5;
  static final int PIECE_TABLE = 6;
  static final int SLOT_TABLE = 7;
  static final int QUERY_TABLE = 8;
  static final int CELL_TABLE = 9;
  private static final int HEADER = 10;

  // A row.
  static final int TOKEN = 0;
  static final int POSITION = 1;
  static final int OWN_INDEX = 2;
  static final int OWN_SLOT = 3;
  static final int PARTIALS = 4;
  static final int SPANS = 5;
  static final int CONTEXT_SPANS = 6;
  static final int SHARES = 7;

  /** Ints of a row. */
  static final int ROW = 8;

  // An item of attention: a span of pieces for a few adjacent queries of the query table's rows.
  static final int PIECES_FROM = 0;
  static final int PIECES_TO = 1;
  static final int ITEM_SPAN = 2;
  static final int FIRST_QUERY = 3;
  static final int QUERY_COUNT = 4;
  static final int LAST_OWN_INDEX = 5;
  static final int LEAST_POSITION = 6;

  /** Ints of an item. */
  static final int ITEM = 7;

  // A piece: adjacent tokens of one KV states, whose pages are in the slot table.
  static final int PIECE_SLOTS = 0;
  static final int PIECE_FROM = 1;
  static final int PIECE_TO = 2;
  static final int PIECE_CAUSAL = 3;
  static final int PIECE_START = 4;
  static final int PIECE_INDEX = 5;

  /** Ints of a piece. */
  static final int PIECE = 6;

  // A cell: what one thread computes of attention shares. All heads if the head is negative.
  static final int CELL_ROW = 0;
  static final int CELL_PIECE = 1;
  static final int CELL_HEAD = 2;

  /** Ints of a cell. */
  static final int CELL = 3;

  // The numbers of a step.
  static final int EPSILON = 0;
  static final int EMBEDDING_SCALE = 1;
  static final int ATTENTION_SCALE = 2;

  /** For each row the scale of scores in the context group, and S times T. */
  static final int SCALES = 3;

  /** For each row cosines and sines of its position, then those of sliding layers. */
  static final int ANGLES = SCALES + 2 * MAX_ROWS;

  private final int[] ints = new int[CAPACITY];
  private final List<RowRange> ranges;
  private final List<RowRange> wanted;
  private final Map<Slice, Integer> firstCell = new IdentityHashMap<>();
  private final int heads;
  private int size = HEADER;
  private int items;

  /**
   * Plans a step.
   *
   * @param slices at most {@link #MAX_ROWS} tokens together
   * @param pages where the pages of states lie on the device
   * @throws TooLargeException if a table has no room for it
   */
  StepPlan(List<Slice> slices, int vocabulary, int heads, int group, Map<KvStates, int[]> pages) {
    this.heads = heads;
    this.ranges = RowRange.all(slices);
    this.wanted = RowRange.wanted(slices, vocabulary);
    int rowsPerItem = Math.max(1, AttentionKernels.QUERIES / group);
    AttentionPlan attention = new AttentionPlan(ranges, heads, rowsPerItem);
    requireRoom(attention.slotCount() <= (long) MAX_PARTIALS * heads);
    planRows(attention, pages);
    planWanted();
    planShares(vocabulary);
    planItems(attention, group, planSlots(pages));
  }

  private void planRows(AttentionPlan attention, Map<KvStates, int[]> pages) {
    ints[ROWS] = attention.rows();
    ints[ROW_TABLE] = take(attention.rows() * ROW);
    for (RowRange range : ranges) {
      int[] own = pages.get(range.slice().sequence().own());
      for (int row = range.row(); row < range.row() + range.count(); row++) {
        int at = ints[ROW_TABLE] + row * ROW;
        int index = range.ownIndex(row);
        ints[at + TOKEN] = range.slice().tokens()[row - range.row()];
        ints[at + POSITION] = range.position(row);
        ints[at + OWN_INDEX] = index;
        ints[at + OWN_SLOT] = own[index / HeadKernels.SLOT];
        ints[at + PARTIALS] = attention.slot(row, 0, 0);
        ints[at + SPANS] = attention.spans(row);
        ints[at + CONTEXT_SPANS] = attention.contextSpans(row);
        ints[at + SHARES] = -1;
      }
    }
  }

  private void planWanted() {
    ints[WANTED] = RowRange.total(wanted);
    ints[WANTED_TABLE] = take(ints[WANTED]);
    int at = ints[WANTED_TABLE];
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
    ints[CELL_TABLE] = size;
    for (RowRange range : ranges) {
      HeadShares shares = range.slice().shares();
      if (shares == null) {
        continue;
      }
      firstCell.put(range.slice(), cells);
      int perRow = AttentionPlan.contextOfPiece(range.slice().sequence().contexts()).length;
      int rows = RowRange.wantedRows(range.slice(), vocabulary);
      for (int row = range.row() + range.count() - rows; row <= lastRow(range.slice()); row++) {
        ints[ints[ROW_TABLE] + row * ROW + SHARES] = pieces * heads;
        for (int head : wantedHeads(shares)) {
          for (int piece = 0; piece < perRow; piece++) {
            int at = take(CELL);
            ints[at + CELL_ROW] = row;
            ints[at + CELL_PIECE] = (pieces + piece) * heads;
            ints[at + CELL_HEAD] = head;
            cells++;
          }
        }
        pieces += perRow;
      }
    }
    requireRoom(pieces <= MAX_SHARE_PIECES && cells <= MAX_CELLS);
    ints[CELLS] = cells;
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
    ints[SLOT_TABLE] = take(total);
    int at = 0;
    for (Map.Entry<KvStates, int[]> states : pages.entrySet()) {
      int[] slots = states.getValue();
      offsets.put(states.getKey(), at);
      System.arraycopy(slots, 0, ints, ints[SLOT_TABLE] + at, slots.length);
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
    ints[PIECE_TABLE] = take(pieces.size() * PIECE);
    for (int i = 0; i < pieces.size(); i++) {
      System.arraycopy(pieces.get(i), 0, ints, ints[PIECE_TABLE] + i * PIECE, PIECE);
    }
    ints[QUERY_TABLE] = take(queries);
    ints[ITEM_TABLE] = size;
    for (Map.Entry<Item, Integer> entry : firstQuery.entrySet()) {
      Item item = entry.getKey();
      int[] rows = item.rows();
      System.arraycopy(rows, 0, ints, ints[QUERY_TABLE] + entry.getValue(), rows.length);
      for (int first = 0; first < rows.length * group; first += AttentionKernels.QUERIES) {
        int at = take(ITEM);
        ints[at + PIECES_FROM] = firstPiece.get(item.pieces());
        ints[at + PIECES_TO] = ints[at + PIECES_FROM] + item.pieces().size();
        ints[at + ITEM_SPAN] = item.span();
        ints[at + FIRST_QUERY] = entry.getValue() * group + first;
        ints[at + QUERY_COUNT] = Math.min(AttentionKernels.QUERIES, rows.length * group - first);
        ints[at + LAST_OWN_INDEX] = extreme(attention, rows, true);
        ints[at + LEAST_POSITION] = extreme(attention, rows, false);
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

  private static int[] piece(Piece piece, Sequence sequence, Map<KvStates, Integer> slots) {
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
      piece.index()
    };
  }

  private int take(int count) {
    requireRoom((long) size + count <= CAPACITY);
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
    return ints[ROWS];
  }

  /** Number of items of attention. */
  int items() {
    return items;
  }

  /** Number of shares that are computed. */
  int cells() {
    return ints[CELLS];
  }

  /** Index of a slice's first share: row by row, head by head, piece by piece. */
  int firstCell(Slice slice) {
    return firstCell.get(slice);
  }
}
