package io.gibbon.runtime.model;

/**
 * The shape of a decoder-only transformer as its GGUF metadata tells it; everything the forward
 * pass needs besides the weights. Models are data: a family differs from another in these values
 * only.
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
 * @param ropeBase {@code rope.freq_base}
 * @param ropeDim dimensions of a head that are rotated
 * @param ropePairing which dimensions rotate together
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
    float ropeBase,
    int ropeDim,
    RopePairing ropePairing) {

  private static final int MAX_LAYERS = 1_024;
  private static final int MAX_WIDTH = 1 << 16;
  private static final int MAX_FEED_FORWARD = 1 << 20;
  private static final int MAX_HEADS = 1_024;
  private static final int MAX_VOCABULARY = 1 << 20;
  private static final int MAX_WINDOW = 1 << 24;
  private static final int MAX_HEAD_DIM = 1_024;
  private static final float DEFAULT_ROPE_BASE = 10_000;

  /** How RoPE pairs dimensions. */
  public enum RopePairing {
    /** (0, 1), (2, 3), ...: the GGUF {@code llama} layout. */
    ADJACENT,
    /** (0, d/2), (1, d/2 + 1), ...: every other family's layout. */
    HALVES
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
    int ropeDim = metadata.integer(p + "rope.dimension_count", 2, headDim, headDim);
    if (ropeDim % 2 != 0) {
      throw metadata.problem(p + "rope.dimension_count", "is " + ropeDim + ", it must be even");
    }
    refuseRopeScaling(metadata, p);
    int vocabulary = metadata.count("tokenizer.ggml.tokens");
    if (vocabulary < 1 || vocabulary > MAX_VOCABULARY) {
      throw metadata.problem(
          "tokenizer.ggml.tokens",
          "has %d tokens, it must have 1 to %d".formatted(vocabulary, MAX_VOCABULARY));
    }
    return new ModelDescription(
        name,
        metadata.integer(p + "block_count", 1, MAX_LAYERS),
        width,
        metadata.integer(p + "feed_forward_length", 1, MAX_FEED_FORWARD),
        heads,
        kvHeads,
        headDim,
        vocabulary,
        metadata.integer(p + "context_length", 1, MAX_WINDOW),
        metadata.positive(p + "attention.layer_norm_rms_epsilon"),
        metadata.positive(p + "rope.freq_base", DEFAULT_ROPE_BASE),
        ropeDim,
        architecture.ropePairing());
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

  private static void refuseRopeScaling(Metadata metadata, String p) {
    String scaling = metadata.string(p + "rope.scaling.type", "none");
    if (!scaling.equals("none")) {
      throw metadata.problem(
          p + "rope.scaling.type", "is " + scaling + ", which is not supported; supported: none");
    }
  }
}
