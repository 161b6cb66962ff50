package io.gibbon.runtime.model;

import io.gibbon.runtime.model.ModelDescription.Activation;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Model families as data: how a family's files differ from another's. */
enum Architecture {
  /** Llama and everything converted to its layout: Mistral, SmolLM, TinyLlama... */
  LLAMA(Pairing.ADJACENT, Activation.SILU, Set.of()),
  /** Qwen 2 and 2.5. */
  QWEN2(Pairing.HALVES, Activation.SILU, Set.of(Trait.BIASES)),
  /** Qwen 3, dense. */
  QWEN3(Pairing.HALVES, Activation.SILU, Set.of(Trait.HEAD_NORMS)),
  /** Gemma 3, text only. */
  GEMMA3(
      Pairing.HALVES,
      Activation.GELU,
      Set.of(Trait.HEAD_NORMS, Trait.OUTPUT_NORMS, Trait.SCALED_EMBEDDINGS, Trait.SLIDING_WINDOW));

  /** What a family has beyond the plain transformer. */
  enum Trait {
    /** Queries, keys and values have biases. */
    BIASES,
    /** Every head's query and key is normed before it is rotated. */
    HEAD_NORMS,
    /** Attention's and the feed-forward network's outputs are normed before they are added. */
    OUTPUT_NORMS,
    /** Embeddings are multiplied by the square root of their width. */
    SCALED_EMBEDDINGS,
    /** Most layers see only a sliding window. */
    SLIDING_WINDOW
  }

  private final Pairing ropePairing;
  private final Activation activation;
  private final Set<Trait> traits;

  Architecture(Pairing ropePairing, Activation activation, Set<Trait> traits) {
    this.ropePairing = ropePairing;
    this.activation = activation;
    this.traits = traits;
  }

  /** The shape that a weight must have. */
  record Shape(int columns, int rows, boolean required) {}

  /** The family of that {@code general.architecture}. */
  static Optional<Architecture> of(String name) {
    return Arrays.stream(values()).filter(a -> a.ggufName().equals(name)).findFirst();
  }

  /** All families, for messages. */
  static String names() {
    return Arrays.stream(values()).map(Architecture::ggufName).collect(Collectors.joining(", "));
  }

  /** Value of {@code general.architecture} and prefix of the family's keys. */
  String ggufName() {
    return name().toLowerCase(Locale.ROOT);
  }

  Pairing ropePairing() {
    return ropePairing;
  }

  Activation activation() {
    return activation;
  }

  boolean has(Trait trait) {
    return traits.contains(trait);
  }

  /** Every weight that a file of this family may have, by GGUF name. */
  Map<String, Shape> tensors(ModelDescription d) {
    int queries = d.heads() * d.headDim();
    int keys = d.kvHeads() * d.headDim();
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("token_embd.weight", new Shape(d.width(), d.vocabulary(), true));
    shapes.put("output_norm.weight", new Shape(d.width(), 1, true));
    shapes.put("output.weight", new Shape(d.width(), d.vocabulary(), false));
    shapes.put("rope_freqs.weight", new Shape(d.rope().dimensions() / 2, 1, false));
    for (int layer = 0; layer < d.layers(); layer++) {
      String block = "blk." + layer + ".";
      shapes.put(block + "attn_norm.weight", new Shape(d.width(), 1, true));
      shapes.put(block + "attn_q.weight", new Shape(d.width(), queries, true));
      shapes.put(block + "attn_k.weight", new Shape(d.width(), keys, true));
      shapes.put(block + "attn_v.weight", new Shape(d.width(), keys, true));
      shapes.put(block + "attn_output.weight", new Shape(queries, d.width(), true));
      shapes.put(block + "ffn_norm.weight", new Shape(d.width(), 1, true));
      shapes.put(block + "ffn_gate.weight", new Shape(d.width(), d.feedForward(), true));
      shapes.put(block + "ffn_up.weight", new Shape(d.width(), d.feedForward(), true));
      shapes.put(block + "ffn_down.weight", new Shape(d.feedForward(), d.width(), true));
      if (has(Trait.BIASES)) {
        shapes.put(block + "attn_q.bias", new Shape(queries, 1, true));
        shapes.put(block + "attn_k.bias", new Shape(keys, 1, true));
        shapes.put(block + "attn_v.bias", new Shape(keys, 1, true));
      }
      if (has(Trait.HEAD_NORMS)) {
        shapes.put(block + "attn_q_norm.weight", new Shape(d.headDim(), 1, true));
        shapes.put(block + "attn_k_norm.weight", new Shape(d.headDim(), 1, true));
      }
      if (has(Trait.OUTPUT_NORMS)) {
        shapes.put(block + "post_attention_norm.weight", new Shape(d.width(), 1, true));
        shapes.put(block + "post_ffw_norm.weight", new Shape(d.width(), 1, true));
      }
    }
    return shapes;
  }
}
