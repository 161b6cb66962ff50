package io.gibbon.tornado;

import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.PackedMatrix.Encoding;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.ModelDescription.Activation;
import io.gibbon.runtime.model.RopeDescription;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import io.gibbon.runtime.model.RopeDescription.Scaling;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** The small random model of the {@link SelfTest}: the same numbers each time. */
final class SelfTestModel {

  /** Layers. */
  static final int LAYERS = 2;

  /** Key-value heads of a layer. */
  static final int KV_HEADS = 2;

  /** Dimensions of a head. */
  static final int HEAD_DIM = 32;

  /** Number of tokens: more than {@link TopKernels} look at together. */
  static final int VOCABULARY = TopKernels.SEGMENT + 76;

  private static final int WIDTH = 128;
  private static final int FEED_FORWARD = 160;
  private static final int HEADS = 4;

  private final Random random = new Random(7);
  private final boolean normsUpdates;

  /**
   * A model.
   *
   * @param normsUpdates whether it norms what attention and feed-forward add
   */
  SelfTestModel(boolean normsUpdates) {
    this.normsUpdates = normsUpdates;
  }

  /** Its description. */
  ModelDescription description() {
    return new ModelDescription(
        "self-test",
        LAYERS,
        WIDTH,
        FEED_FORWARD,
        HEADS,
        KV_HEADS,
        HEAD_DIM,
        VOCABULARY,
        1024,
        1e-5f,
        1,
        1 / Math.sqrt(HEAD_DIM),
        Activation.SILU,
        new RopeDescription(10_000, HEAD_DIM, Pairing.HALVES, Scaling.NONE),
        null);
  }

  /** Its weights, of every encoding that kernels tell apart. */
  Weights weights() {
    List<Weights.Layer> layers = IntStream.range(0, LAYERS).mapToObj(i -> layer()).toList();
    PackedMatrix embedding = matrix(VOCABULARY, WIDTH, Encoding.CODES_8);
    return new Weights(embedding, layers, new float[0], vector(WIDTH), embedding);
  }

  private Weights.Layer layer() {
    int queries = HEADS * HEAD_DIM;
    int keys = KV_HEADS * HEAD_DIM;
    return new Weights.Layer(
        vector(WIDTH),
        List.of(
            matrix(queries, WIDTH, Encoding.CODES_4),
            matrix(keys, WIDTH, Encoding.CODES_8_MINIMUM),
            matrix(keys, WIDTH, Encoding.F32)),
        vector(queries + 2 * keys),
        vector(HEAD_DIM),
        vector(HEAD_DIM),
        List.of(matrix(WIDTH, queries, Encoding.CODES_8_HALVES)),
        normsUpdates ? vector(WIDTH) : new float[0],
        vector(WIDTH),
        List.of(
            matrix(FEED_FORWARD, WIDTH, Encoding.CODES_4),
            matrix(FEED_FORWARD, WIDTH, Encoding.CODES_8)),
        List.of(matrix(WIDTH, FEED_FORWARD, Encoding.CODES_4)),
        normsUpdates ? vector(WIDTH) : new float[0]);
  }

  private float[] vector(int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = 0.5f + random.nextFloat();
    }
    return numbers;
  }

  /** Random codes; scales such that the numbers are about 0.1. */
  private PackedMatrix matrix(int rows, int columns, Encoding encoding) {
    PackedMatrix shape = new PackedMatrix("random", rows, columns, encoding, MemorySegment.NULL);
    int words = shape.panels() * shape.blocks() * encoding.blockWords() * PackedMatrix.PANEL;
    int group = encoding.groupWords() * PackedMatrix.PANEL;
    int[] data = new int[words];
    for (int i = 0; i < words; i++) {
      int kind = i % group / PackedMatrix.PANEL;
      float scale = 0.3f / (1 << encoding.bits());
      float minimum = -scale * (1 << encoding.bits() - 1);
      if (encoding == Encoding.F32) {
        data[i] = Float.floatToRawIntBits(random.nextFloat() * 0.3f - 0.15f);
      } else if (kind < encoding.scales()) {
        data[i] = Float.floatToRawIntBits(kind == 0 ? scale : minimum);
      } else {
        data[i] = random.nextInt();
      }
    }
    MemorySegment memory = MemorySegment.ofArray(data);
    return new PackedMatrix("random", rows, columns, encoding, memory);
  }
}
