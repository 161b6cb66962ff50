package io.gibbon.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * APE attention on the device: work-groups run an online softmax over a span of tokens for a few
 * queries; {@link MergeKernels} merge their partial results. What an output sums, and in which
 * order, depends on its own sequence alone.
 */
final class AttentionKernels {

  /** Tokens of a tile: one slot. */
  static final int TILE = HeadKernels.SLOT;

  /** Queries that share one reading of keys and values. */
  static final int QUERIES = 8;

  /** Threads of a work-group: one for each query and token of a tile. */
  static final int THREADS = QUERIES * TILE;

  /** The most dimensions of a head. */
  static final int MAX_DIM = 256;

  /** Dimensions that one thread sums values for. */
  private static final int DIMS = MAX_DIM / THREADS;

  private AttentionKernels() {}

  /**
   * Refuses heads that a work-group's local memory has no room for.
   *
   * @throws IllegalStateException naming the limit
   */
  static void requireRoom(int headDim) {
    if (headDim > MAX_DIM) {
      throw new IllegalStateException(
          "the device's kernels take heads of at most %d dimensions, the model's have %d"
              .formatted(MAX_DIM, headDim));
    }
  }

  /**
   * One span for a few queries of one key-value head: the grid is items times {@value #THREADS} by
   * key-value heads. A partial result is a head's dimensions, the greatest score and the sum of the
   * exponentials relative to it.
   *
   * @param pieces receives the log-sum-exp of each context piece, for rows whose shares are wanted
   */
  static void attend(
      KernelContext c,
      IntArray counter,
      IntArray table,
      IntArray plan,
      FloatArray step,
      FloatArray qkv,
      FloatArray pool,
      ByteArray codePool,
      FloatArray scalePool,
      FloatArray partial,
      FloatArray pieces) {
    float[] q = c.allocateFloatLocalArray(QUERIES * MAX_DIM);
    float[] scores = c.allocateFloatLocalArray(THREADS);
    float[] weights = c.allocateFloatLocalArray(THREADS);
    float[] factorsOfValues = c.allocateFloatLocalArray(THREADS);
    float[] factors = c.allocateFloatLocalArray(QUERIES);
    float[] sums = new float[QUERIES * DIMS];

    int thread = c.localIdx;
    int lane = thread % TILE;
    int kvHead = c.groupIdy;
    int layer = counter.get(0);
    int layers = table.get(ModelTable.LAYERS);
    int heads = table.get(ModelTable.HEADS);
    int kvHeads = table.get(ModelTable.KV_HEADS);
    int dim = table.get(ModelTable.HEAD_DIM);
    int group = heads / kvHeads;
    int stride = (heads + 2 * kvHeads) * dim;
    int window = table.get(ModelTable.HEADER + layer * ModelTable.RECORD + ModelTable.VISIBLE);

    int item = plan.get(StepTable.ITEM_TABLE) + c.groupIdx * StepTable.ITEM;
    int queries = plan.get(item + StepTable.QUERY_COUNT);
    int firstQuery = plan.get(item + StepTable.FIRST_QUERY);
    int query = Math.min(thread / TILE, queries - 1);
    int row = (firstQuery + query) / group;
    row = plan.get(plan.get(StepTable.QUERY_TABLE) + row);
    int head = kvHead * group + (firstQuery + query) % group;
    int entry = plan.get(StepTable.ROW_TABLE) + row * StepTable.ROW;
    int position = plan.get(entry + StepTable.POSITION);
    int ownIndex = plan.get(entry + StepTable.OWN_INDEX);
    int shares = plan.get(entry + StepTable.SHARES);

    for (int i = thread; i < queries * dim; i += THREADS) {
      int one = firstQuery + i / dim;
      int oneRow = plan.get(plan.get(StepTable.QUERY_TABLE) + one / group);
      int oneHead = kvHead * group + one % group;
      q[i] = qkv.get(oneRow * stride + oneHead * dim + i % dim);
    }
    for (int i = 0; i < QUERIES * DIMS; i++) {
      sums[i] = 0;
    }
    c.localBarrier();

    float greatest = Float.NEGATIVE_INFINITY;
    float sum = 0;
    int pieceTo = plan.get(item + StepTable.PIECES_TO);
    for (int p = plan.get(item + StepTable.PIECES_FROM); p < pieceTo; p++) {
      int piece = plan.get(StepTable.PIECE_TABLE) + p * StepTable.PIECE;
      int slots = plan.get(StepTable.SLOT_TABLE) + plan.get(piece + StepTable.PIECE_SLOTS);
      int start = plan.get(piece + StepTable.PIECE_START);
      int causal = plan.get(piece + StepTable.PIECE_CAUSAL);
      int index = plan.get(piece + StepTable.PIECE_INDEX);
      int coded = plan.get(piece + StepTable.PIECE_CODED);
      int from = plan.get(piece + StepTable.PIECE_FROM);
      int to = plan.get(piece + StepTable.PIECE_TO);
      int end = to;
      if (causal == 1) {
        end = Math.min(to, plan.get(item + StepTable.LAST_OWN_INDEX) + 1);
      }
      int least = plan.get(item + StepTable.LEAST_POSITION) - start - window + 1;
      from = Math.max(from, Math.max(0, least) / TILE * TILE);
      int seen = position - start - window + 1;
      int visible = to;
      float scale = step.get(StepTable.ATTENTION_SCALE);
      if (index >= 0) {
        scale = step.get(StepTable.SCALES + 2 * row);
      }
      if (causal == 1) {
        visible = Math.min(to, ownIndex + 1);
      }
      float pieceSum = 0;
      for (int token = from; token < end; token += TILE) {
        int slot = plan.get(slots + token / TILE);
        int block = ((slot * layers + layer) * kvHeads + kvHead) * 2 * TILE;
        int keys = block * dim;
        float keyScale = 1;
        float valueScale = 1;
        if (coded == 1) {
          keyScale = scalePool.get(block + lane);
          valueScale = scalePool.get(block + TILE + lane);
        }
        float dot = 0;
        for (int d = 0; d < dim; d++) {
          float key;
          if (coded == 1) {
            key = codePool.get(keys + d * TILE + lane);
          } else {
            key = pool.get(keys + d * TILE + lane);
          }
          dot = dot + q[query * dim + d] * key;
        }
        dot = dot * keyScale;
        float score = Float.NEGATIVE_INFINITY;
        if (token + lane < visible && token + lane >= seen) {
          score = dot * scale;
        }
        scores[thread] = score;
        c.localBarrier();
        float max = greatest;
        for (int i = 0; i < TILE; i++) {
          max = Math.max(max, scores[query * TILE + i]);
        }
        float factor = 0;
        if (greatest > Float.NEGATIVE_INFINITY) {
          factor = TornadoMath.exp(greatest - max);
        }
        float weight = 0;
        if (score > Float.NEGATIVE_INFINITY) {
          weight = TornadoMath.exp(score - max);
        }
        weights[thread] = weight;
        factorsOfValues[thread] = weight * valueScale;
        if (lane == 0) {
          factors[thread / TILE] = factor;
        }
        c.localBarrier();
        sum = sum * factor;
        pieceSum = pieceSum * factor;
        for (int i = 0; i < TILE; i++) {
          sum = sum + weights[query * TILE + i];
          pieceSum = pieceSum + weights[query * TILE + i];
        }
        greatest = max;
        int tokens = Math.min(TILE, to - token);
        for (int j = 0; j < DIMS; j++) {
          int d = Math.min(dim - 1, thread + j * THREADS);
          for (int i = 0; i < QUERIES; i++) {
            sums[j * QUERIES + i] = sums[j * QUERIES + i] * factors[i];
          }
          for (int t = 0; t < tokens; t++) {
            float value;
            if (coded == 1) {
              value = codePool.get(keys + (TILE + t) * dim + d);
            } else {
              value = pool.get(keys + (TILE + t) * dim + d);
            }
            for (int i = 0; i < QUERIES; i++) {
              float times = factorsOfValues[i * TILE + t];
              sums[j * QUERIES + i] = sums[j * QUERIES + i] + times * value;
            }
          }
        }
        c.localBarrier();
      }
      if (index >= 0 && shares >= 0 && lane == 0 && thread / TILE < queries) {
        float logSumExp = Float.NEGATIVE_INFINITY;
        if (pieceSum > 0) {
          logSumExp = greatest + TornadoMath.log(pieceSum);
        }
        pieces.set(shares + index * heads + head, logSumExp);
      }
    }

    int span = plan.get(item + StepTable.ITEM_SPAN);
    for (int i = 0; i < queries; i++) {
      int one = firstQuery + i;
      int oneRow = plan.get(plan.get(StepTable.QUERY_TABLE) + one / group);
      int oneEntry = plan.get(StepTable.ROW_TABLE) + oneRow * StepTable.ROW;
      int oneHead = kvHead * group + one % group;
      int target =
          plan.get(oneEntry + StepTable.PARTIALS)
              + oneHead * plan.get(oneEntry + StepTable.SPANS)
              + span;
      for (int j = 0; j < DIMS; j++) {
        int d = thread + j * THREADS;
        if (d < dim) {
          partial.set(target * (dim + 2) + d, sums[j * QUERIES + i]);
        }
      }
      if (thread == i * TILE) {
        partial.set(target * (dim + 2) + dim, greatest);
        partial.set(target * (dim + 2) + dim + 1, sum);
      }
    }
  }
}
