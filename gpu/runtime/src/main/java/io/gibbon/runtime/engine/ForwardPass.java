package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.Kernels;
import io.gibbon.runtime.kernel.Matmul;
import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.sampling.LogProbabilities;
import io.gibbon.runtime.sampling.TopLogits;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder-only transformer with RMS norms, rotary positions, grouped-query attention and a gated
 * feed-forward network, over the rows of a whole step at once. What a family adds (biases, norms,
 * sliding windows) is in the model's description and in which weights there are. One thread at a
 * time.
 */
final class ForwardPass {

  /** Rows whose logits are computed together: bounds the buffer. */
  private static final int LOGIT_ROWS = 32;

  /** Below so many rows, what is done row by row costs less than waking the workers. */
  private static final int FEW_ROWS = 4;

  private final ModelDescription model;
  private final Weights weights;
  private final Kernels kernels;
  private final Workers workers;
  private final Matmul matmul;
  private final Attention attention;
  private final Rope rope;
  private final Rope slidingRope;
  private final int queryWidth;
  private final int keyWidth;
  private final int qkvWidth;
  private final int logitWidth;
  private final float[] logits;
  private final float[] oneRow;
  private final LogProbabilities probabilities = new LogProbabilities();

  private int capacity;
  private float[] hidden = new float[0];
  private float[] normed = new float[0];
  private float[] queryKeyValue = new float[0];
  private float[] attended = new float[0];
  private float[] gateUp = new float[0];

  ForwardPass(
      ModelDescription model, Weights weights, KvLayout layout, Kernels kernels, Workers workers) {
    this.model = model;
    this.weights = weights;
    this.kernels = kernels;
    this.workers = workers;
    this.matmul = new Matmul(kernels, workers);
    this.attention = new Attention(model, kernels, workers);
    this.rope = new Rope(model.rope(), weights.ropeDivisors());
    this.slidingRope =
        model.sliding() == null ? rope : new Rope(model.sliding().rope(), new float[0]);
    this.queryWidth = model.heads() * model.headDim();
    this.keyWidth = model.kvHeads() * model.headDim();
    this.qkvWidth = queryWidth + 2 * keyWidth;
    this.logitWidth = weights.output().panels() * PackedMatrix.PANEL;
    this.logits = new float[LOGIT_ROWS * logitWidth];
    this.oneRow = new float[model.vocabulary()];
  }

  /** Runs all slices; as {@link Executor#step}. */
  void run(List<Slice> slices) {
    List<RowRange> all = RowRange.all(slices);
    List<RowRange> wanted = RowRange.wanted(slices, model.vocabulary());
    Map<Slice, Shares[]> shares = shares(slices);
    int rows = RowRange.total(all);
    reserve(rows);
    embed(all);
    AttentionPlan plan = attention.plan(all, shares);
    int last =
        slices.stream().mapToInt(slice -> slice.depth(model.layers())).max().orElseThrow() - 1;
    for (int layer = 0; layer < last; layer++) {
      queriesKeysValues(layer, plan);
      attend(layer, plan);
      feedForward(layer, rows);
    }
    queriesKeysValues(last, plan);
    if (wanted.isEmpty()) {
      return;
    }
    keepOnly(wanted, all);
    attend(last, attention.plan(wanted, shares));
    shares.forEach((slice, collected) -> Shares.write(collected, slice.shares()));
    if (wanted.stream().anyMatch(range -> range.slice().wantsLogits())) {
      feedForward(last, RowRange.total(wanted));
      logits(wanted);
    }
  }

  private Map<Slice, Shares[]> shares(List<Slice> slices) {
    Map<Slice, Shares[]> shares = new IdentityHashMap<>();
    for (Slice slice : slices) {
      HeadShares wanted = slice.shares();
      if (wanted != null) {
        int[] contextOfPiece = AttentionPlan.contextOfPiece(slice.sequence().contexts());
        Shares[] rows = new Shares[RowRange.wantedRows(slice, model.vocabulary())];
        Arrays.setAll(rows, i -> new Shares(wanted, contextOfPiece, model.heads(), model.layers()));
        shares.put(slice, rows);
      }
    }
    return shares;
  }

  /** The capacity is told last: an array that there was no memory for is asked for again. */
  private void reserve(int rows) {
    rope.reserve(rows);
    slidingRope.reserve(rows);
    if (rows > capacity) {
      hidden = new float[Math.multiplyExact(rows, model.width())];
      normed = new float[hidden.length];
      queryKeyValue = new float[Math.multiplyExact(rows, qkvWidth)];
      attended = new float[Math.multiplyExact(rows, Math.max(queryWidth, model.width()))];
      gateUp = new float[Math.multiplyExact(rows, 2 * model.feedForward())];
      capacity = rows;
    }
  }

  private void embed(List<RowRange> ranges) {
    for (RowRange range : ranges) {
      int[] tokens = range.slice().tokens();
      for (int i = 0; i < range.count(); i++) {
        int row = range.row() + i;
        weights.embedding().row(tokens[i], hidden, row * model.width());
        scale(hidden, row * model.width(), model.width(), model.embeddingScale());
        rope.position(row, range.position(row));
        if (slidingRope != rope) {
          slidingRope.position(row, range.position(row));
        }
      }
    }
  }

  private static void scale(float[] x, int offset, int n, float factor) {
    for (int i = offset; factor != 1 && i < offset + n; i++) {
      x[i] *= factor;
    }
  }

  private void queriesKeysValues(int layer, AttentionPlan plan) {
    Weights.Layer weight = weights.layers().get(layer);
    int rows = plan.rows();
    norm(hidden, weight.attentionNorm(), rows);
    matmul.run(normed, model.width(), rows, weight.queryKeyValue(), queryKeyValue, qkvWidth);
    forEachRow(rows, row -> rotateAndStore(layer, row, plan.range(row)));
  }

  private void rotateAndStore(int layer, int row, RowRange range) {
    Weights.Layer weight = weights.layers().get(layer);
    int queries = row * qkvWidth;
    int keys = queries + queryWidth;
    int values = keys + keyWidth;
    kernels.add(
        queryKeyValue, queries, weight.queryKeyValueBias(), 0, weight.queryKeyValueBias().length);
    normHeads(weight.queryNorm(), queries, model.heads());
    normHeads(weight.keyNorm(), keys, model.kvHeads());
    KvStates own = range.slice().sequence().own();
    int token = range.ownIndex(row);
    Rope rotation = model.visible(layer) == Integer.MAX_VALUE ? rope : slidingRope;
    rotation.rotate(row, queryKeyValue, queries, model.heads() + model.kvHeads(), model.headDim());
    for (int head = 0; head < model.kvHeads(); head++) {
      int offset = head * model.headDim();
      own.put(layer, head, token, queryKeyValue, keys + offset, queryKeyValue, values + offset);
    }
  }

  private void normHeads(float[] weight, int offset, int heads) {
    for (int head = 0; weight.length > 0 && head < heads; head++) {
      int at = offset + head * weight.length;
      kernels.rmsNorm(
          queryKeyValue, at, weight, model.rmsEpsilon(), weight.length, queryKeyValue, at);
    }
  }

  private void attend(int layer, AttentionPlan plan) {
    attention.run(layer, plan, queryKeyValue, qkvWidth, attended, queryWidth);
    int rows = plan.rows();
    Weights.Layer weight = weights.layers().get(layer);
    matmul.run(attended, queryWidth, rows, weight.attentionOutput(), normed, model.width());
    addToHidden(weight.attentionOutputNorm(), rows);
  }

  private void feedForward(int layer, int rows) {
    Weights.Layer weight = weights.layers().get(layer);
    int width = model.feedForward();
    norm(hidden, weight.feedForwardNorm(), rows);
    matmul.run(normed, model.width(), rows, weight.gateUp(), gateUp, 2 * width);
    forEachRow(rows, row -> gate(row * 2 * width, width));
    matmul.run(gateUp, 2 * width, rows, weight.down(), normed, model.width());
    addToHidden(weight.downNorm(), rows);
  }

  private void gate(int offset, int width) {
    switch (model.activation()) {
      case SILU -> kernels.swiGlu(gateUp, offset, gateUp, offset + width, width);
      case GELU -> kernels.geGlu(gateUp, offset, gateUp, offset + width, width);
    }
  }

  private void norm(float[] x, float[] weight, int rows) {
    int width = model.width();
    forEachRow(
        rows,
        row ->
            kernels.rmsNorm(
                x, row * width, weight, model.rmsEpsilon(), width, normed, row * width));
  }

  /** Adds what is in {@link #normed}, itself normed first where the family does so. */
  private void addToHidden(float[] norm, int rows) {
    if (norm.length > 0) {
      norm(normed, norm, rows);
    }
    int width = model.width();
    forEachRow(rows, row -> kernels.add(hidden, row * width, normed, row * width, width));
  }

  /**
   * Moves the wanted rows to the front; after the last layer's keys and values the others have no
   * effect.
   */
  private void keepOnly(List<RowRange> wanted, List<RowRange> all) {
    int next = 0;
    for (RowRange range : wanted) {
      while (all.get(next).slice() != range.slice()) {
        next++;
      }
      int from = all.get(next).row() + range.first() - all.get(next).first();
      System.arraycopy(
          hidden,
          from * model.width(),
          hidden,
          range.row() * model.width(),
          range.count() * model.width());
      System.arraycopy(
          queryKeyValue,
          from * qkvWidth,
          queryKeyValue,
          range.row() * qkvWidth,
          range.count() * qkvWidth);
    }
  }

  private void logits(List<RowRange> wanted) {
    int rows = RowRange.total(wanted);
    int width = model.width();
    norm(hidden, weights.outputNorm(), rows);
    for (int from = 0; from < rows; from += LOGIT_ROWS) {
      int n = Math.min(LOGIT_ROWS, rows - from);
      if (from > 0) {
        System.arraycopy(normed, from * width, normed, 0, n * width);
      }
      matmul.run(normed, width, n, List.of(weights.output()), logits, logitWidth);
      copyLogits(wanted, from, n);
    }
  }

  private void copyLogits(List<RowRange> wanted, int from, int n) {
    for (RowRange range : wanted) {
      int first = Math.max(from, range.row());
      int end = Math.min(from + n, range.row() + range.count());
      for (int row = first; row < end; row++) {
        copyLogits(range.slice(), (row - from) * logitWidth, row - range.row());
      }
    }
  }

  private void copyLogits(Slice slice, int at, int row) {
    float[] out = slice.logits();
    TopLogits top = slice.top();
    if (out != null) {
      System.arraycopy(logits, at, out, row * model.vocabulary(), model.vocabulary());
    } else if (top != null) {
      System.arraycopy(logits, at, oneRow, 0, model.vocabulary());
      top.read(row, oneRow, probabilities);
    }
  }

  /** Adjacent rows go to one worker: their keys lie in the same lines of its cache. */
  private void forEachRow(int rows, RowBody body) {
    int each = Math.clamp(rows / (2 * workers.count()), 1, KvLayout.PANEL);
    int together = rows < FEW_ROWS ? FEW_ROWS : each;
    workers.forEach(
        (rows + together - 1) / together,
        (index, worker) -> {
          int end = Math.min(rows, (index + 1) * together);
          for (int row = index * together; row < end; row++) {
            body.run(row);
          }
        });
  }

  private interface RowBody {
    void run(int row);
  }
}
