package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * A model's weights as the forward pass uses them, packed for the kernels. Immutable; valid until
 * its arena closes.
 *
 * @param embedding one row a token
 * @param layers the blocks, first to last
 * @param outputNorm scale of the last norm
 * @param output one row a token; the embedding where the file ties them
 */
record Weights(
    PackedMatrix embedding, List<Layer> layers, float[] outputNorm, PackedMatrix output) {

  /**
   * One block.
   *
   * @param attentionNorm scale of the norm before attention
   * @param queryKeyValue projections to queries, keys and values
   * @param attentionOutput projection of the attended values
   * @param feedForwardNorm scale of the norm before the feed-forward network
   * @param gateUp its two first projections
   * @param down its last projection
   */
  record Layer(
      float[] attentionNorm,
      List<PackedMatrix> queryKeyValue,
      List<PackedMatrix> attentionOutput,
      float[] feedForwardNorm,
      List<PackedMatrix> gateUp,
      List<PackedMatrix> down) {}

  /**
   * Packs all weights of a model.
   *
   * @throws IllegalArgumentException if a weight is missing
   */
  static Weights pack(Model model, Arena arena, Workers workers) {
    Packer packer = new Packer(model, arena, workers);
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < model.description().layers(); i++) {
      String block = "blk." + i + ".";
      layers.add(
          new Layer(
              packer.vector(block + "attn_norm.weight"),
              packer.matrices(
                  block + "attn_q.weight", block + "attn_k.weight", block + "attn_v.weight"),
              packer.matrices(block + "attn_output.weight"),
              packer.vector(block + "ffn_norm.weight"),
              packer.matrices(block + "ffn_gate.weight", block + "ffn_up.weight"),
              packer.matrices(block + "ffn_down.weight")));
    }
    PackedMatrix embedding = packer.matrix("token_embd.weight");
    boolean tied = model.tensor("output.weight").isEmpty();
    return new Weights(
        embedding,
        List.copyOf(layers),
        packer.vector("output_norm.weight"),
        tied ? embedding : packer.matrix("output.weight"));
  }

  private record Packer(Model model, Arena arena, Workers workers) {

    List<PackedMatrix> matrices(String... names) {
      return List.of(names).stream().map(this::matrix).toList();
    }

    PackedMatrix matrix(String name) {
      return PackedMatrix.pack(tensor(name), arena, workers);
    }

    float[] vector(String name) {
      Tensor tensor = tensor(name);
      try (Arena temporary = Arena.ofShared()) {
        float[] values = new float[tensor.columns()];
        PackedMatrix.pack(tensor, temporary, workers).row(0, values, 0);
        return values;
      }
    }

    private Tensor tensor(String name) {
      return model
          .tensor(name)
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "model %s has no tensor %s".formatted(model.name(), name)));
    }
  }
}
