package io.gibbon.tornado;

import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.PackedMatrix.Encoding;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A model's weights as the kernels read them: codes of all matrices in one array of words, and
 * scales, minima, vectors and matrices of floats in another. Codes, scales and minima are those of
 * the packed matrices, so no weight changes its value; numbers of 16 bits are widened.
 *
 * <p>Panels of {@value MatrixKernels#PANEL} rows follow each other. Of a matrix of codes, a panel's
 * words lie column by column, adjacent rows side by side; its scales and minima lie group by group,
 * {@value MatrixKernels#PANEL} scales, then as many minima. A matrix of floats has a float where
 * the other has a word.
 */
final class DeviceWeights {

  private static final int LANES = MatrixKernels.PANEL;

  /** The code of zero where there are no minima. */
  private static final float CENTRE = 128;

  private final List<Runnable> copies = new ArrayList<>();
  private final Map<PackedMatrix, int[]> places = new IdentityHashMap<>();
  private final int[] table;
  private final IntArray codes;
  private final FloatArray floats;
  private long codeCount;
  private long floatCount;

  /**
   * Lays out and copies all weights.
   *
   * @param halves whether keys and values are rounded to binary16
   * @throws IllegalStateException if they are more than a device array can hold
   */
  DeviceWeights(ModelDescription model, Weights weights, boolean halves) {
    table = new int[ModelTable.HEADER + (model.layers() + 1) * ModelTable.RECORD];
    header(model, weights, halves);
    for (int i = 0; i < model.layers(); i++) {
      layer(model, weights.layers().get(i), i);
    }
    output(model, weights);
    codes = new IntArray(size(Math.max(1, codeCount)));
    floats = new FloatArray(size(Math.max(1, floatCount)));
    copies.forEach(Runnable::run);
  }

  /** The model's shape and where its weights lie. */
  IntArray table() {
    return IntArray.fromArray(table);
  }

  /** Words of codes. */
  IntArray codes() {
    return codes;
  }

  /** Scales, minima, vectors and matrices of floats. */
  FloatArray floats() {
    return floats;
  }

  /** Outputs of the last projection with those that pad its last panel. */
  int outputStride() {
    return table[record(table[ModelTable.LAYERS]) + ModelTable.OPERATIONS + 2];
  }

  /** Whether what attention and feed-forward add is itself normed first. */
  boolean normsUpdates() {
    return table[record(0) + ModelTable.DOWN_NORM] >= 0;
  }

  private static int record(int layer) {
    return ModelTable.HEADER + layer * ModelTable.RECORD;
  }

  private void header(ModelDescription model, Weights weights, boolean halves) {
    table[ModelTable.WIDTH] = model.width();
    table[ModelTable.HEADS] = model.heads();
    table[ModelTable.KV_HEADS] = model.kvHeads();
    table[ModelTable.HEAD_DIM] = model.headDim();
    table[ModelTable.FEED_FORWARD] = model.feedForward();
    table[ModelTable.LAYERS] = model.layers();
    table[ModelTable.ROPE_PAIRS] = model.rope().dimensions() / 2;
    table[ModelTable.ROPE_ADJACENT] = model.rope().pairing() == Pairing.ADJACENT ? 1 : 0;
    table[ModelTable.GELU] = model.activation() == ModelDescription.Activation.GELU ? 1 : 0;
    table[ModelTable.LANES] = LANES;
    table[ModelTable.VOCABULARY] = model.vocabulary();
    table[ModelTable.HALVES] = halves ? 1 : 0;
    System.arraycopy(place(weights.embedding()), 0, table, ModelTable.EMBEDDING_BITS, 4);
  }

  private void layer(ModelDescription model, Weights.Layer layer, int index) {
    int at = record(index);
    table[at + ModelTable.ATTENTION_NORM] = place(layer.attentionNorm());
    table[at + ModelTable.FEED_FORWARD_NORM] = place(layer.feedForwardNorm());
    table[at + ModelTable.BIAS] = place(layer.queryKeyValueBias());
    table[at + ModelTable.QUERY_NORM] = place(layer.queryNorm());
    table[at + ModelTable.KEY_NORM] = place(layer.keyNorm());
    table[at + ModelTable.ATTENTION_OUTPUT_NORM] = place(layer.attentionOutputNorm());
    table[at + ModelTable.DOWN_NORM] = place(layer.downNorm());
    table[at + ModelTable.VISIBLE] = model.visible(index);
    int queries = model.heads() * model.headDim();
    int all = queries + 2 * model.kvHeads() * model.headDim();
    int feedForward = model.feedForward();
    int width = model.width();
    int adds = normsUpdates() ? 0 : 1;
    operation(at, ModelTable.QUERY_KEY_VALUE, layer.queryKeyValue(), width, all, 0);
    operation(at, ModelTable.ATTENTION_OUTPUT, layer.attentionOutput(), queries, width, adds);
    operation(at, ModelTable.GATE_UP, layer.gateUp(), width, 2 * feedForward, 0);
    operation(at, ModelTable.DOWN, layer.down(), 2 * feedForward, width, adds);
  }

  private void output(ModelDescription model, Weights weights) {
    int at = record(model.layers());
    table[at + ModelTable.ATTENTION_NORM] = place(weights.outputNorm());
    int stride = weights.output().panels() * LANES;
    operation(at, 0, List.of(weights.output()), model.width(), stride, 0);
  }

  private void operation(
      int record,
      int operation,
      List<PackedMatrix> matrices,
      int inStride,
      int outStride,
      int adds) {
    int at = record + ModelTable.OPERATIONS + operation * ModelTable.OPERATION;
    table[at] = matrices.getFirst().columns();
    table[at + 1] = inStride;
    table[at + 2] = outStride;
    table[at + 3] = adds;
    for (PackedMatrix matrix : matrices) {
      int[] place = place(matrix);
      System.arraycopy(place, 0, table, at + ModelTable.MATRICES, place.length);
      at += ModelTable.MATRIX;
    }
  }

  /** Where a vector begins, or -1 if it is empty. */
  private int place(float[] vector) {
    if (vector.length == 0) {
      return -1;
    }
    int at = size(floatCount);
    floatCount += vector.length;
    copies.add(
        () -> MemorySegment.copy(vector, 0, floats.getSegment(), FLOAT, 4L * at, vector.length));
    return at;
  }

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Bits, group, where data and scales begin, and panels; a shared matrix is placed once. */
  private int[] place(PackedMatrix matrix) {
    return places.computeIfAbsent(
        matrix, m -> m.encoding().scales() == 0 ? placeFloats(m) : placeCodes(m));
  }

  private int[] placeFloats(PackedMatrix matrix) {
    int at = size(floatCount);
    floatCount += (long) matrix.panels() * LANES * matrix.columns();
    copies.add(() -> copyFloats(matrix, at));
    return new int[] {32, matrix.columns(), at, 0, matrix.panels()};
  }

  private int[] placeCodes(PackedMatrix matrix) {
    Encoding encoding = matrix.encoding();
    int data = size(codeCount);
    int scales = size(floatCount);
    long numbers = (long) matrix.panels() * LANES * matrix.columns();
    codeCount += numbers / (32 / encoding.bits());
    floatCount += numbers / encoding.group() * 2;
    copies.add(() -> copyCodes(matrix, data, scales));
    return new int[] {encoding.bits(), encoding.group(), data, scales, matrix.panels()};
  }

  private void copyFloats(PackedMatrix matrix, int at) {
    float[] row = new float[matrix.columns()];
    for (int r = 0; r < matrix.rows(); r++) {
      matrix.row(r, row, 0);
      int panel = at + r / LANES * LANES * row.length + r % LANES;
      for (int k = 0; k < row.length; k++) {
        floats.set(panel + k * LANES, row[k]);
      }
    }
  }

  private void copyCodes(PackedMatrix matrix, int data, int scales) {
    Encoding encoding = matrix.encoding();
    int words = (encoding.groupWords() - encoding.scales()) * LANES;
    long groups = (long) matrix.panels() * matrix.columns() / encoding.group();
    float[] pair = new float[2 * LANES];
    for (int group = 0; group < groups; group++) {
      long from = (long) group * encoding.groupWords() * LANES * Integer.BYTES;
      int count = encoding.scales() * LANES;
      MemorySegment.copy(matrix.data(), FLOAT, from, pair, 0, count);
      for (int i = 0; encoding.scales() == 1 && i < LANES; i++) {
        pair[LANES + i] = -CENTRE * pair[i];
      }
      long target = 4L * scales + 8L * group * LANES;
      MemorySegment.copy(pair, 0, floats.getSegment(), FLOAT, target, 2 * LANES);
      MemorySegment.copy(
          matrix.data(),
          from + 4L * count,
          codes.getSegment(),
          4L * data + 4L * group * words,
          4L * words);
    }
  }

  private static int size(long count) {
    if (count > Integer.MAX_VALUE) {
      throw new IllegalStateException(
          "the model's weights are more numbers than a device array holds: " + count);
    }
    return (int) count;
  }
}
