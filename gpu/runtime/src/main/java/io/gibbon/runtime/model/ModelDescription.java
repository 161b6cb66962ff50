package io.gibbon.runtime.model;

import io.gibbon.runtime.model.Architecture.Trait;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a decoder-only transformer as its GGUF metadata tells it; everything the forward
 * pass needs besides the weights. Models are data: a family differs from another in these values
 * and in which weights there are.
 *
 * @param architecture {@code general.architecture}
 * @param layers {@code block_count}
 * @param width {@code embedding_length}
 * @param feedForward {@code feed_forward_length}
 * @param heads {@code attention.head_count}
 * @param kvHeads {@code attention.head_count_kv}
 * @param headDim dimensions of a head
 * @param vocabulary tokens
 * @param window {@code context_length}
 * @param rmsEpsilon {@code attention.layer_norm_rms_epsilon}
 * @param embeddingScale what embeddings are multiplied by
 * @param attentionScale what scores of queries and keys are multiplied by: APE's 1 / sqrt(d)
 * @param activation of the feed-forward network's gate
 * @param rope rotation by position
 * @param sliding the layers that see only a window, or null if all layers see everything
 */
public record ModelDescription(
    String architecture,
    int layers,
    int width,
    int feedForward,
    int heads,
    int kvHeads,
    int headDim,
    int vocabulary,
    int window,
    float rmsEpsilon,
    float embeddingScale,
    double attentionScale,
    Activation activation,
    RopeDescription rope,
    @Nullable SlidingWindow sliding) {

  private static final int MAX_LAYERS = 1_024;
  private static final int MAX_WIDTH = 1 << 16;
  private static final int MAX_FEED_FORWARD = 1 << 20;
  private static final int MAX_HEADS = 1_024;
  private static final int MAX_VOCABULARY = 1 << 20;
  private static final int MAX_WINDOW = 1 << 24;
  private static final int MAX_HEAD_DIM = 1_024;

  /** Layers of the one Gemma 3 whose heads are scaled by its width: 27B. */
  private static final int GEMMA3_27B_LAYERS = 62;

  /** What the feed-forward network's gate goes through. */
  public enum Activation {
    /** x / (1 + exp(-x)). */
    SILU,
    /** The Gaussian error linear unit, by its approximation with tanh (arXiv 1606.08415). */
    GELU
  }

  /** How many positions before its own a query sees in a layer, its own included. */
  public int visible(int layer) {
    return sliding != null && sliding.slides(layer) ? sliding.tokens() : Integer.MAX_VALUE;
  }

  /**
   * Reads the description from a file's metadata.
   *
   * @throws InvalidModelException if the family is not supported, a value is missing, out of range
   *     or at odds with another, or the model needs something that the forward pass does not do
   */
  static ModelDescription from(Metadata metadata) {
    String name = metadata.string("general.architecture");
    Architecture architecture =
        Architecture.of(name)
            .orElseThrow(
                () ->
                    metadata.problem(
                        "general.architecture",
                        "is %s, which is not supported; supported: %s"
                            .formatted(name, Architecture.names())));
    String p = name + ".";
    int width = metadata.integer(p + "embedding_length", 1, MAX_WIDTH);
    int heads = metadata.integer(p + "attention.head_count", 1, MAX_HEADS);
    int kvHeads = metadata.integer(p + "attention.head_count_kv", 1, heads, heads);
    if (heads % kvHeads != 0) {
      throw metadata.problem(
          p + "attention.head_count_kv", "is %d, not a divisor of %d".formatted(kvHeads, heads));
    }
    int headDim = headDim(metadata, p, width, heads);
    int vocabulary = metadata.count("tokenizer.ggml.tokens");
    if (vocabulary < 1 || vocabulary > MAX_VOCABULARY) {
      throw metadata.problem(
          "tokenizer.ggml.tokens",
          "has %d tokens, it must have 1 to %d".formatted(vocabulary, MAX_VOCABULARY));
    }
    int layers = metadata.integer(p + "block_count", 1, MAX_LAYERS);
    int window = metadata.integer(p + "context_length", 1, MAX_WINDOW);
    RopeDescription rope =
        RopeDescription.from(metadata, p, headDim, window, architecture.ropePairing());
    return new ModelDescription(
        name,
        layers,
        width,
        metadata.integer(p + "feed_forward_length", 1, MAX_FEED_FORWARD),
        heads,
        kvHeads,
        headDim,
        vocabulary,
        window,
        metadata.positive(p + "attention.layer_norm_rms_epsilon"),
        architecture.has(Trait.SCALED_EMBEDDINGS) ? (float) Math.sqrt(width) : 1,
        attentionScale(architecture, layers, width / heads, headDim),
        architecture.activation(),
        rope,
        sliding(metadata, p, architecture, rope));
  }

  private static double attentionScale(
      Architecture architecture, int layers, int widthPerHead, int headDim) {
    boolean byWidth = architecture == Architecture.GEMMA3 && layers == GEMMA3_27B_LAYERS;
    return 1 / Math.sqrt(byWidth ? widthPerHead : headDim);
  }

  private static @Nullable SlidingWindow sliding(
      Metadata metadata, String p, Architecture architecture, RopeDescription rope) {
    boolean slides =
        architecture.has(Trait.SLIDING_WINDOW) && metadata.has(p + "attention.sliding_window");
    return slides ? SlidingWindow.from(metadata, p, rope) : null;
  }

  private static int headDim(Metadata metadata, String p, int width, int heads) {
    String key = p + "attention.key_length";
    if (!metadata.has(key) && width % heads != 0) {
      throw metadata.problem(
          p + "embedding_length", "is %d, not a multiple of %d heads".formatted(width, heads));
    }
    int headDim = metadata.integer(key, 2, MAX_HEAD_DIM, Math.max(1, width / heads));
    int valueDim = metadata.integer(p + "attention.value_length", 1, MAX_HEAD_DIM, headDim);
    if (valueDim != headDim) {
      throw metadata.problem(
          p + "attention.value_length",
          "is %d; only values as long as the keys (%d) are supported".formatted(valueDim, headDim));
    }
    return headDim;
  }
}
