package io.gibbon.runtime.model;

import io.gibbon.runtime.model.ModelDescription.RopePairing;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Model families as data: how a family's files differ from another's. */
enum Architecture {
  /** Llama and everything converted to its layout: Mistral, SmolLM, TinyLlama... */
  LLAMA(RopePairing.ADJACENT);

  private final RopePairing ropePairing;

  Architecture(RopePairing ropePairing) {
    this.ropePairing = ropePairing;
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

  RopePairing ropePairing() {
    return ropePairing;
  }

  /** Every weight that a file of this family may have, by GGUF name. */
  Map<String, Shape> tensors(ModelDescription d) {
    int queries = d.heads() * d.headDim();
    int keys = d.kvHeads() * d.headDim();
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("token_embd.weight", new Shape(d.width(), d.vocabulary(), true));
    shapes.put("output_norm.weight", new Shape(d.width(), 1, true));
    shapes.put("output.weight", new Shape(d.width(), d.vocabulary(), false));
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
    }
    return shapes;
  }
}
