package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.PackedMatrix;
import io.gibbon.runtime.kernel.Workers;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A model's weights as the forward pass uses them, packed for the kernels. Immutable; valid until
 * its arena closes.
 *
 * @param embedding one row a token
 * @param layers the blocks, first to last
 * @param ropeDivisors of RoPE's frequencies, pair by pair, as Llama 3 has them; may be empty
 * @param outputNorm scale of the last norm
 * @param output one row a token; the embedding where the file ties them
 */
public record Weights(
    PackedMatrix embedding,
    List<Layer> layers,
    float[] ropeDivisors,
    float[] outputNorm,
    PackedMatrix output) {

  /**
   * One block. Vectors that a family does not have are empty.
   *
   * @param attentionNorm scale of the norm before attention
   * @param queryKeyValue projections to queries, keys and values
   * @param queryKeyValueBias their biases
   * @param queryNorm scale of the norm of every head's query
   * @param keyNorm scale of the norm of every head's key
   * @param attentionOutput projection of the attended values
   * @param attentionOutputNorm scale of the norm behind it
   * @param feedForwardNorm scale of the norm before the feed-forward network
   * @param gateUp its two first projections
   * @param down its last projection
   * @param downNorm scale of the norm behind it
   */
  public record Layer(
      float[] attentionNorm,
      List<PackedMatrix> queryKeyValue,
      float[] queryKeyValueBias,
      float[] queryNorm,
      float[] keyNorm,
      List<PackedMatrix> attentionOutput,
      float[] attentionOutputNorm,
      float[] feedForwardNorm,
      List<PackedMatrix> gateUp,
      List<PackedMatrix> down,
      float[] downNorm) {}

  /**
   * Packs all weights of a model.
   *
   * @throws IllegalArgumentException if a weight is missing
   */
  public static Weights pack(Model model, Arena arena, Workers workers) {
    Packer packer = new Packer(model, arena, workers);
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < model.description().layers(); i++) {
      String block = "blk." + i + ".";
      layers.add(
          new Layer(
              packer.vector(block + "attn_norm.weight"),
              packer.matrices(
                  block + "attn_q.weight", block + "attn_k.weight", block + "attn_v.weight"),
              packer.vectors(block + "attn_q.bias", block + "attn_k.bias", block + "attn_v.bias"),
              packer.vectors(block + "attn_q_norm.weight"),
              packer.vectors(block + "attn_k_norm.weight"),
              packer.matrices(block + "attn_output.weight"),
              packer.vectors(block + "post_attention_norm.weight"),
              packer.vector(block + "ffn_norm.weight"),
              packer.matrices(block + "ffn_gate.weight", block + "ffn_up.weight"),
              packer.matrices(block + "ffn_down.weight"),
              packer.vectors(block + "post_ffw_norm.weight")));
    }
    PackedMatrix embedding = packer.matrix("token_embd.weight");
    boolean tied = model.tensor("output.weight").isEmpty();
    return new Weights(
        embedding,
        List.copyOf(layers),
        packer.vectors("rope_freqs.weight"),
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
      return numbers(tensor(name));
    }

    /** Those of the vectors that there are, one behind the other. */
    float[] vectors(String... names) {
      float[] all = new float[0];
      for (String name : names) {
        float[] one = model.tensor(name).map(Packer::numbers).orElse(new float[0]);
        int before = all.length;
        all = Arrays.copyOf(all, before + one.length);
        System.arraycopy(one, 0, all, before, one.length);
      }
      return all;
    }

    private static float[] numbers(Tensor vector) {
      return vector.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
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
