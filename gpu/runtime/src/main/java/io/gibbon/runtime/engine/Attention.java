package io.gibbon.runtime.engine;

import io.gibbon.runtime.engine.AttentionPlan.Item;
import io.gibbon.runtime.engine.AttentionPlan.Piece;
import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Adaptive Parallel Encoding's attention (arXiv 2502.05431) over cached keys and values.
 *
 * <p>The context group is attended with scale {@code 1 / (sqrt(d) * T)} and without a mask, the
 * other group (prefix and own tokens) with {@code 1 / sqrt(d)} and causally. With the log-sum-exp
 * of both, {@code w = softmax([S * T * lse_c, lse_o])} and {@code out = w[0] * out_c + w[1] *
 * out_o}.
 *
 * <p>In layers with a sliding window W, both groups are masked by pos_q - pos_k < W; a group of
 * which nothing is seen has weight 0.
 *
 * <p>Each {@link Item} runs an online softmax over its span, tile by tile; a {@link Tile}'s keys
 * and values are read once for all query heads of the group and all rows. Tiles start at context
 * starts, so a row's bits do not depend on the batch. One thread at a time.
 */
final class Attention {

  /**
   * Query vectors (rows times heads of a group) that one item attends with, at the most, unless a
   * group is larger.
   */
  private static final int QUERIES = 96;

  private final Kernels kernels;
  private final Workers workers;
  private final ModelDescription model;
  private final int heads;
  private final int group;
  private final int headDim;
  private final int accumulatorStride;
  private final Scratch[] scratch;
  private float[] accumulators = new float[0];
  private float[] greatest = new float[0];

  Attention(ModelDescription model, Kernels kernels, Workers workers) {
    this.kernels = kernels;
    this.workers = workers;
    this.model = model;
    this.heads = model.heads();
    this.group = model.heads() / model.kvHeads();
    this.headDim = model.headDim();
    this.accumulatorStride = headDim + Kernels.LANES;
    this.scratch = new Scratch[workers.count()];
    Arrays.setAll(scratch, i -> new Scratch());
  }

  /** What one worker needs for one item. */
  private final class Scratch {
    final float[] queries = new float[rowsPerItem() * group * headDim];
    final float[] scores = new float[rowsPerItem() * group * Tile.TOKENS];
    final float[] accumulators = new float[rowsPerItem() * group * accumulatorStride];
    final float[] greatest = new float[rowsPerItem() * group];
    final Tile tile = new Tile(kernels, headDim, rowsPerItem() * group);
    double[] coefficients = new double[8];
  }

  private int rowsPerItem() {
    return Math.max(1, QUERIES / group);
  }

  /** Plans the attention of some rows. */
  AttentionPlan plan(List<RowRange> ranges, Map<Slice, Shares[]> shares) {
    AttentionPlan plan = new AttentionPlan(ranges, shares, heads, model.kvHeads(), rowsPerItem());
    if (greatest.length < plan.slotCount()) {
      accumulators = new float[Math.multiplyExact(plan.slotCount(), accumulatorStride)];
      greatest = new float[plan.slotCount()];
    }
    return plan;
  }

  /**
   * Attends in one layer.
   *
   * @param queries queries after RoPE, heads side by side
   * @param out receives the attended values, heads side by side
   */
  void run(int layer, AttentionPlan plan, float[] queries, int stride, float[] out, int outStride) {
    plan.begin(layer);
    workers.forEach(
        plan.items().size(),
        (i, worker) -> attend(layer, plan, plan.items().get(i), queries, stride, scratch[worker]));
    workers.forEach(
        plan.rows(), (row, worker) -> merge(plan, row, out, row * outStride, scratch[worker]));
  }

  private void attend(
      int layer, AttentionPlan plan, Item item, float[] queries, int stride, Scratch s) {
    int[] rows = item.rows();
    int firstHead = item.kvHead() * group;
    for (int r = 0; r < rows.length; r++) {
      int from = rows[r] * stride + firstHead * headDim;
      System.arraycopy(queries, from, s.queries, r * group * headDim, group * headDim);
    }
    int n = rows.length * group;
    Arrays.fill(s.accumulators, 0, n * accumulatorStride, 0);
    Arrays.fill(s.greatest, 0, n, Float.NEGATIVE_INFINITY);
    s.tile.begin(s.queries, n);
    for (Piece piece : item.pieces()) {
      attendPiece(layer, plan, item, piece, s);
    }
    for (int r = 0; r < rows.length; r++) {
      for (int g = 0; g < group; g++) {
        int slot = plan.slot(rows[r], firstHead + g, item.span());
        int query = r * group + g;
        greatest[slot] = s.greatest[query];
        System.arraycopy(
            s.accumulators,
            query * accumulatorStride,
            accumulators,
            slot * accumulatorStride,
            accumulatorStride);
      }
    }
  }

  private void attendPiece(int layer, AttentionPlan plan, Item item, Piece piece, Scratch s) {
    int[] rows = item.rows();
    int lastVisible =
        piece.causal()
            ? plan.range(rows[rows.length - 1]).ownIndex(rows[rows.length - 1])
            : piece.to();
    int first = firstTile(layer, plan, item, piece);
    for (int token = first; token < piece.to() && token <= lastVisible; token += Tile.TOKENS) {
      int tokens = Math.min(Tile.TOKENS, piece.to() - token);
      KvStates states = piece.states();
      s.tile.scores(states, layer, item.kvHead(), token, tokens, s.scores);
      for (int r = 0; r < rows.length; r++) {
        int visible = piece.causal() ? plan.range(rows[r]).ownIndex(rows[r]) + 1 - token : tokens;
        int hidden = firstSeen(layer, plan.range(rows[r]), rows[r], piece) - token;
        int end = Math.clamp(visible, 0, tokens);
        softmax(plan, item, piece, r, Math.clamp(hidden, 0, end), end, Tile.width(tokens), s);
      }
      s.tile.addValues(
          states, layer, item.kvHead(), token, tokens, s.scores, s.accumulators, accumulatorStride);
    }
  }

  /** The first tile of which any row sees a token, on the piece's grid of tiles. */
  private int firstTile(int layer, AttentionPlan plan, Item item, Piece piece) {
    int first = Integer.MAX_VALUE;
    for (int row : item.rows()) {
      first = Math.min(first, firstSeen(layer, plan.range(row), row, piece));
    }
    return piece.from() + Math.max(0, first - piece.from()) / Tile.TOKENS * Tile.TOKENS;
  }

  /** The first token of the piece's states that a row sees in a layer. */
  private int firstSeen(int layer, RowRange range, int row, Piece piece) {
    int window = model.visible(layer);
    if (window == Integer.MAX_VALUE) {
      return 0;
    }
    Sequence sequence = range.slice().sequence();
    int start = 0;
    if (piece.causal()) {
      start = sequence.start();
    } else if (piece.context() >= 0) {
      start = sequence.contextStart(piece.context());
    }
    return Math.max(0, range.position(row) - window + 1 - start);
  }

  /** Rows see the tokens of a tile from {@code first} to before {@code end}. */
  private void softmax(
      AttentionPlan plan, Item item, Piece piece, int r, int first, int end, int width, Scratch s) {
    int row = item.rows()[r];
    float scale = scale(plan.range(row).slice().sequence(), piece);
    Shares wanted = piece.context() < 0 ? null : plan.shares(row);
    for (int g = 0; g < group; g++) {
      int query = r * group + g;
      Arrays.fill(
          s.scores, query * Tile.TOKENS, query * Tile.TOKENS + first, Float.NEGATIVE_INFINITY);
      s.greatest[query] =
          kernels.softmax(
              s.scores,
              query * Tile.TOKENS,
              end,
              width,
              scale,
              s.greatest[query],
              s.accumulators,
              query * accumulatorStride,
              accumulatorStride);
      if (wanted != null) {
        wanted.addTile(
            item.kvHead() * group + g,
            piece.index(),
            s.greatest[query],
            s.scores,
            query * Tile.TOKENS,
            end);
      }
    }
  }

  private float scale(Sequence sequence, Piece piece) {
    double temperature = piece.context() < 0 ? 1 : sequence.attentionTemperature();
    return (float) (model.attentionScale() / temperature);
  }

  private void merge(AttentionPlan plan, int row, float[] out, int offset, Scratch s) {
    Shares shares = plan.shares(row);
    Sequence sequence = plan.range(row).slice().sequence();
    double sharpness = sequence.scalingFactor() * sequence.attentionTemperature();
    int spans = plan.spans(row);
    int contextSpans = plan.contextSpans(row);
    if (s.coefficients.length < spans) {
      s.coefficients = new double[spans];
    }
    for (int head = 0; head < heads; head++) {
      for (int span = 0; span < spans; span++) {
        int slot = plan.slot(row, head, span);
        s.coefficients[span] = greatest[slot] + Math.log(sum(slot));
      }
      double contexts = LogSumExp.of(s.coefficients, 0, contextSpans);
      double others = LogSumExp.of(s.coefficients, contextSpans, spans);
      double contextWeight =
          contextSpans == 0 ? 0 : 1 / (1 + Math.exp(others - sharpness * contexts));
      if (shares != null) {
        shares.addHead(head, contextWeight, contexts);
      }
      int target = offset + head * headDim;
      Arrays.fill(out, target, target + headDim, 0);
      for (int span = 0; span < spans; span++) {
        double total = span < contextSpans ? contexts : others;
        double weight = span < contextSpans ? contextWeight : 1 - contextWeight;
        int slot = plan.slot(row, head, span);
        double sum = sum(slot);
        if (sum > 0) {
          double factor = weight * Math.exp(s.coefficients[span] - total) / sum;
          kernels.addScaled(
              out, target, (float) factor, accumulators, slot * accumulatorStride, headDim);
        }
      }
    }
  }

  private double sum(int slot) {
    double sum = 0;
    int from = slot * accumulatorStride + headDim;
    for (int i = from; i < from + Kernels.LANES; i++) {
      sum += accumulators[i];
    }
    return sum;
  }
}
