package io.gibbon.runtime.engine;

import io.gibbon.runtime.model.Metadata;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whole models in float64, straight from the definitions: a token and a head at a time, every score
 * kept. Knows the families by name and reads the file's metadata itself; of the engine's own code
 * it uses nothing but {@link Reference#attend}.
 */
public final class ReferencePass {

  private static final Map<String, String> PAIRING = Map.of("llama", "adjacent");

  private final Model model;
  private final Metadata metadata;
  private final String family;
  private final int layers;
  private final int width;
  private final int heads;
  private final int kvHeads;
  private final int headDim;
  private final Map<String, double[]> weights = new HashMap<>();

  /** Reads a model's numbers, when they are needed. */
  public ReferencePass(Model model) {
    this.model = model;
    this.metadata = model.metadata();
    this.family = metadata.string("general.architecture");
    this.layers = integer("block_count", 0);
    this.width = integer("embedding_length", 0);
    this.heads = integer("attention.head_count", 0);
    this.kvHeads = integer("attention.head_count_kv", 0);
    this.headDim = integer("attention.key_length", 0);
  }

  /**
   * A token.
   *
   * @param states its keys and values (one behind the other) by layer and head
   * @param position where it stands
   * @param attention the part of its attention on each context token that it sees, by layer and
   *     query head
   */
  public record Token(double[][][] states, int position, double[][][] attention) {}

  /** Own tokens with their states, and the logits of each. */
  public record Result(List<Token> tokens, List<double[]> logits) {}

  /** Reads tokens behind a prefix, over the tokens of all contexts, one behind the other. */
  public Result run(
      List<Token> prefix, List<Token> contexts, int[] ids, int start, double t, double s) {
    List<Token> own = new ArrayList<>();
    List<double[]> logits = new ArrayList<>();
    for (int id : ids) {
      Token token =
          new Token(new double[layers][kvHeads][], start + own.size(), new double[layers][heads][]);
      own.add(token);
      List<Token> others = new ArrayList<>(prefix);
      others.addAll(own);
      logits.add(logits(id, token, contexts, others, t, s));
    }
    return new Result(own, logits);
  }

  private double[] logits(
      int id, Token token, List<Token> contexts, List<Token> others, double t, double s) {
    double[] hidden = Arrays.copyOfRange(weight("token_embd.weight"), id * width, (id + 1) * width);
    if (family.equals("gemma3")) {
      hidden = Arrays.stream(hidden).map(x -> x * Math.sqrt(width)).toArray();
    }
    for (int layer = 0; layer < layers; layer++) {
      String block = "blk." + layer + ".";
      double[] normed = norm(hidden, weight(block + "attn_norm.weight"));
      double[] query = project(block + "attn_q", normed);
      double[] key = project(block + "attn_k", normed);
      double[] value = project(block + "attn_v", normed);
      double[] attended = new double[heads * headDim];
      for (int head = 0; head < kvHeads; head++) {
        double[] both =
            Arrays.copyOf(prepare(block + "attn_k_norm", key, head, token, layer), 2 * headDim);
        System.arraycopy(value, head * headDim, both, headDim, headDim);
        token.states[layer][head] = both;
      }
      for (int head = 0; head < heads; head++) {
        double[] q = prepare(block + "attn_q_norm", query, head, token, layer);
        int kvHead = head / (heads / kvHeads);
        List<double[]> context = seen(contexts, token, layer, kvHead);
        Ape ape = ape(q, context, seen(others, token, layer, kvHead), t, s);
        token.attention[layer][head] = ape.attention;
        double[] out = ape.out;
        System.arraycopy(out, 0, attended, head * headDim, headDim);
      }
      hidden = add(hidden, block + "post_attention_norm", project(block + "attn_output", attended));
      hidden = add(hidden, block + "post_ffw_norm", feedForward(block, hidden));
    }
    double[] normed = norm(hidden, weight("output_norm.weight"));
    return multiply(
        model.tensor("output.weight").isPresent() ? "output.weight" : "token_embd.weight", normed);
  }

  /** A head's query or key, normed where the family does so, and rotated. */
  private double[] prepare(String norm, double[] all, int head, Token token, int layer) {
    double[] one = Arrays.copyOfRange(all, head * headDim, (head + 1) * headDim);
    return rotate(normIfThere(norm, one), token.position, layer);
  }

  private List<double[]> seen(List<Token> tokens, Token query, int layer, int kvHead) {
    return tokens.stream()
        .filter(
            k ->
                !slides(layer)
                    || query.position - k.position < integer("attention.sliding_window", 0))
        .map(k -> k.states[layer][kvHead])
        .toList();
  }

  private boolean slides(int layer) {
    int pattern = integer("attention.sliding_window_pattern", 6);
    return family.equals("gemma3") && layer % pattern < pattern - 1;
  }

  /** What is attended, and the part of the attention on each context token. */
  private record Ape(double[] out, double[] attention) {}

  private Ape ape(
      double[] query, List<double[]> contexts, List<double[]> others, double t, double s) {
    double scale = 1 / Math.sqrt(headDim);
    Reference.Attended other = Reference.attend(query, others, scale);
    if (contexts.isEmpty()) {
      return new Ape(other.out(), new double[0]);
    }
    Reference.Attended context = Reference.attend(query, contexts, scale / t);
    double weight = 1 / (1 + Math.exp(other.logSumExp() - s * t * context.logSumExp()));
    double[] out = new double[headDim];
    for (int i = 0; i < headDim; i++) {
      out[i] = weight * context.out()[i] + (1 - weight) * other.out()[i];
    }
    double[] attention =
        contexts.stream()
            .mapToDouble(
                token ->
                    weight
                        * Math.exp(
                            Reference.attend(query, List.of(token), scale / t).logSumExp()
                                - context.logSumExp()))
            .toArray();
    return new Ape(out, attention);
  }

  private double[] feedForward(String block, double[] hidden) {
    double[] normed = norm(hidden, weight(block + "ffn_norm.weight"));
    double[] gate = multiply(block + "ffn_gate.weight", normed);
    double[] up = multiply(block + "ffn_up.weight", normed);
    for (int i = 0; i < gate.length; i++) {
      double x = gate[i];
      double activated =
          family.equals("gemma3")
              ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
              : x / (1 + Math.exp(-x));
      gate[i] = activated * up[i];
    }
    return multiply(block + "ffn_down.weight", gate);
  }

  private double[] add(double[] hidden, String norm, double[] update) {
    double[] normed = normIfThere(norm, update);
    double[] sum = hidden.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += normed[i];
    }
    return sum;
  }

  private double[] normIfThere(String name, double[] x) {
    return model.tensor(name + ".weight").isPresent() ? norm(x, weight(name + ".weight")) : x;
  }

  private double[] norm(double[] x, double[] weight) {
    double squares = Arrays.stream(x).map(v -> v * v).sum();
    double epsilon = metadata.positive(family + ".attention.layer_norm_rms_epsilon");
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] / Math.sqrt(squares / x.length + epsilon) * weight[i];
    }
    return out;
  }

  private double[] project(String name, double[] x) {
    double[] out = multiply(name + ".weight", x);
    if (model.tensor(name + ".bias").isPresent()) {
      double[] bias = weight(name + ".bias");
      for (int i = 0; i < out.length; i++) {
        out[i] += bias[i];
      }
    }
    return out;
  }

  private double[] multiply(String name, double[] x) {
    double[] matrix = weight(name);
    double[] out = new double[matrix.length / x.length];
    for (int row = 0; row < out.length; row++) {
      for (int i = 0; i < x.length; i++) {
        out[row] += matrix[row * x.length + i] * x[i];
      }
    }
    return out;
  }

  private double[] rotate(double[] x, int position, int layer) {
    int dimensions = integer("rope.dimension_count", headDim);
    double[] out = x.clone();
    for (int pair = 0; pair < dimensions / 2; pair++) {
      boolean adjacent = PAIRING.getOrDefault(family, "halves").equals("adjacent");
      int a = adjacent ? 2 * pair : pair;
      int b = adjacent ? 2 * pair + 1 : pair + dimensions / 2;
      double angle = position * frequency(pair, dimensions, layer);
      double magnitude = slides(layer) ? 1 : magnitude();
      out[a] = magnitude * (x[a] * Math.cos(angle) - x[b] * Math.sin(angle));
      out[b] = magnitude * (x[a] * Math.sin(angle) + x[b] * Math.cos(angle));
    }
    return out;
  }

  private double magnitude() {
    return scaling().equals("yarn") ? 0.1 * Math.log(number("rope.scaling.factor", 1)) + 1 : 1;
  }

  private double frequency(int pair, int dimensions, int layer) {
    if (slides(layer)) {
      return Math.pow(10_000, -2.0 * pair / dimensions);
    }
    double base = number("rope.freq_base", 10_000);
    double factor = number("rope.scaling.factor", 1);
    double frequency = Math.pow(base, -2.0 * pair / dimensions);
    double[] divisors =
        model.tensor("rope_freqs.weight").isPresent() ? weight("rope_freqs.weight") : null;
    frequency /= divisors == null ? 1 : divisors[pair];
    return switch (scaling()) {
      case "linear" -> frequency / factor;
      case "yarn" -> {
        double turnsPerWindow = integer("rope.scaling.original_context_length", 0) / (2 * Math.PI);
        double low = Math.floor(dimensions * Math.log(turnsPerWindow / 32) / (2 * Math.log(base)));
        double high = Math.ceil(dimensions * Math.log(turnsPerWindow) / (2 * Math.log(base)));
        low = Math.max(low, 0);
        high = Math.min(high, dimensions - 1);
        double ramp = Math.min(1, Math.max(0, (pair - low) / Math.max(0.001, high - low)));
        yield frequency / factor * ramp + frequency * (1 - ramp);
      }
      default -> frequency;
    };
  }

  private String scaling() {
    return metadata.string(family + ".rope.scaling.type", "none");
  }

  private int integer(String key, int absent) {
    return metadata.integer(family + "." + key, 0, Integer.MAX_VALUE, absent);
  }

  private double number(String key, float absent) {
    return metadata.positive(family + "." + key, absent);
  }

  private double[] weight(String name) {
    return weights.computeIfAbsent(name, this::read);
  }

  private double[] read(String name) {
    Tensor tensor = model.tensor(name).orElseThrow();
    float[] numbers = tensor.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    double[] wide = new double[numbers.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = numbers[i];
    }
    return wide;
  }
}
