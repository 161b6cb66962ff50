package io.gibbon.runtime.engine;

import io.gibbon.runtime.kv.KvStates;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Who attends to what in one step: the same for every layer.
 *
 * <p>What a row attends to is cut into spans of about {@value #SPAN} tokens, first those of its
 * contexts, then those of the other group (prefix and own tokens). Where the cuts lie depends on
 * the row's own sequence alone; a span in which a row sees nothing adds nothing to it. Each span
 * gives a partial result for each row and head, which {@link Attention} merges in the order of the
 * spans. An {@link Item} is one span for one key-value head and a few rows; rows of all sequences
 * over the same contexts share items, so that keys and values are read once for all of them.
 */
public final class AttentionPlan {

  /** Tokens of a span, about. */
  static final int SPAN = 1024;

  private static final Shares[] NO_SHARES = {};

  /** Spans that many contexts are cut into, about. */
  private static final int MAX_SPANS = 64;

  /**
   * Adjacent tokens of one KV states.
   *
   * @param states where they lie
   * @param from the first
   * @param to after the last
   * @param causal whether a row sees only what is not after it: the sequence's own tokens
   * @param context index of the context, or -1
   * @param index index among all context pieces of the row, or -1
   */
  public record Piece(KvStates states, int from, int to, boolean causal, int context, int index) {}

  /**
   * Rows over a span.
   *
   * @param kvHead key-value head
   * @param pieces the span
   * @param span index of the span among those of its rows
   * @param rows activation rows
   */
  public record Item(int kvHead, List<Piece> pieces, int span, int[] rows) {}

  private final List<Item> items = new ArrayList<>();
  private final RowRange[] ranges;
  private final @Nullable Shares[] shares;
  private final int[] contextSpans;
  private final int[] spans;
  private final int[] slots;
  private final int kvHeads;
  private final int rowsPerItem;
  private int slotCount;

  /**
   * Plans for some rows, alike for all key-value heads.
   *
   * @param rowsPerItem the most rows of one item
   */
  public AttentionPlan(List<RowRange> ranges, int heads, int rowsPerItem) {
    this(ranges, Map.of(), heads, 1, rowsPerItem);
  }

  /**
   * Plans for some rows.
   *
   * @param shares by slice (its identity), where attention shares of its last rows are wanted
   * @param rowsPerItem the most rows of one item
   */
  AttentionPlan(
      List<RowRange> ranges, Map<Slice, Shares[]> shares, int heads, int kvHeads, int rowsPerItem) {
    int rows = RowRange.total(ranges);
    this.ranges = new RowRange[rows];
    this.contextSpans = new int[rows];
    this.spans = new int[rows];
    this.slots = new int[rows];
    this.shares = new Shares[rows];
    this.kvHeads = kvHeads;
    this.rowsPerItem = rowsPerItem;
    for (RowRange range : ranges) {
      for (int i = 0; i < range.count(); i++) {
        this.ranges[range.row() + i] = range;
      }
      Shares[] last = shares.getOrDefault(range.slice(), NO_SHARES);
      System.arraycopy(
          last, 0, this.shares, range.row() + range.count() - last.length, last.length);
    }
    planContexts(ranges);
    for (RowRange range : ranges) {
      planOthers(range);
    }
    for (int row = 0; row < rows; row++) {
      slots[row] = slotCount;
      slotCount += heads * spans[row];
    }
  }

  private void planContexts(List<RowRange> ranges) {
    Map<List<KvStates>, List<RowRange>> byContexts = new LinkedHashMap<>();
    for (RowRange range : ranges) {
      if (!range.slice().sequence().contexts().isEmpty()) {
        byContexts
            .computeIfAbsent(range.slice().sequence().contexts(), c -> new ArrayList<>())
            .add(range);
      }
    }
    byContexts.forEach(
        (contexts, sharing) -> {
          int[] rows = sharing.stream().flatMapToInt(AttentionPlan::rows).toArray();
          List<List<Piece>> cut = cutContexts(contexts);
          for (int span = 0; span < cut.size(); span++) {
            addItems(cut.get(span), span, rows);
          }
          for (int row : rows) {
            contextSpans[row] = cut.size();
            spans[row] = cut.size();
          }
        });
  }

  private void planOthers(RowRange range) {
    Sequence sequence = range.slice().sequence();
    int filled = range.first() + range.count();
    int firstSpan = spans[range.row()];
    int span = firstSpan;
    List<Piece> pieces = new ArrayList<>();
    if (sequence.prefix() != null) {
      pieces.add(new Piece(sequence.prefix(), 0, sequence.prefix().tokens(), false, -1, -1));
    }
    int[] rows = rows(range).toArray();
    for (int from = 0; from < filled; from += SPAN) {
      pieces.add(new Piece(sequence.own(), from, Math.min(filled, from + SPAN), true, -1, -1));
      addItems(pieces, span++, rows);
      pieces = new ArrayList<>();
    }
    for (int row : rows) {
      spans[row] = span;
    }
  }

  private static List<List<Piece>> cutContexts(List<KvStates> contexts) {
    long tokens = contexts.stream().mapToLong(KvStates::tokens).sum();
    long length = Math.max(SPAN, (tokens / MAX_SPANS + SPAN - 1) / SPAN * SPAN);
    List<List<Piece>> spans = new ArrayList<>();
    List<Piece> span = new ArrayList<>();
    int index = 0;
    int inSpan = 0;
    for (int context = 0; context < contexts.size(); context++) {
      KvStates states = contexts.get(context);
      for (int from = 0; from < states.tokens(); from += SPAN) {
        int to = Math.min(states.tokens(), from + SPAN);
        if (inSpan > 0 && inSpan + to - from > length) {
          spans.add(span);
          span = new ArrayList<>();
          inSpan = 0;
        }
        span.add(new Piece(states, from, to, false, context, index++));
        inSpan += to - from;
      }
    }
    if (inSpan > 0) {
      spans.add(span);
    }
    return spans;
  }

  /** The context of each piece that contexts are cut into. */
  public static int[] contextOfPiece(List<KvStates> contexts) {
    return cutContexts(contexts).stream().flatMap(List::stream).mapToInt(Piece::context).toArray();
  }

  private void addItems(List<Piece> pieces, int span, int[] rows) {
    for (int from = 0; from < rows.length; from += rowsPerItem) {
      int[] some = Arrays.copyOfRange(rows, from, Math.min(rows.length, from + rowsPerItem));
      for (int kvHead = 0; kvHead < kvHeads; kvHead++) {
        items.add(new Item(kvHead, pieces, span, some));
      }
    }
  }

  private static IntStream rows(RowRange range) {
    return IntStream.range(range.row(), range.row() + range.count());
  }

  /** The work, in any order. */
  public List<Item> items() {
    return items;
  }

  /** Number of rows. */
  public int rows() {
    return ranges.length;
  }

  /** Where a row comes from. */
  public RowRange range(int row) {
    return ranges[row];
  }

  /** Collects the attention shares of a row, or null. */
  @Nullable Shares shares(int row) {
    return shares[row];
  }

  /** What is computed from here on is of this layer. */
  void begin(int layer) {
    for (Shares row : shares) {
      if (row != null) {
        row.begin(layer);
      }
    }
  }

  /** Spans of a row's contexts; they come first. */
  public int contextSpans(int row) {
    return contextSpans[row];
  }

  /** Spans of a row. */
  public int spans(int row) {
    return spans[row];
  }

  /**
   * Where the partial result of a row, head and span is kept: an index below {@link #slotCount()}.
   */
  public int slot(int row, int head, int span) {
    return slots[row] + head * spans[row] + span;
  }

  /** Number of partial results. */
  public int slotCount() {
    return slotCount;
  }
}
