package io.gibbon.runtime.model;

/**
 * The shape of a decoder-only transformer as its GGUF metadata tells it; everything the forward pass needs besides the
 * weights. Models are data: a family differs from another in these values only.
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

  /** How RoPE pairs dimensions. */
  public enum RopePairing {
    /** (0, 1), (2, 3), ...: the GGUF {@code llama} layout. */
    ADJACENT,
    /** (0, d/2), (1, d/2 + 1), ...: every other family's layout. */
    HALVES
  }
}
