package io.gibbon.runtime;

import io.gibbon.runtime.model.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A small random model of any family, the same for the same record: answers are nonsense, all else
 * is as with a real one. Its vocabulary is the default model's three control tokens, the 256 bytes
 * and the results of a few merges; its chat template is the default model's.
 *
 * @param architecture family, as {@code general.architecture} names it
 * @param layers number of layers
 * @param width width of the residual stream; a multiple of 32
 * @param heads query heads
 * @param kvHeads key-value heads
 * @param headDim dimensions of a head; {@code heads * headDim} is a multiple of 32
 * @param feedForward width of the feed-forward block; a multiple of 32
 * @param window context length in tokens
 * @param weights type of all matrices, one of {@link #WEIGHTS}; norms are F32
 * @param seed of the random weights
 */
public record TinyModel(
    String architecture,
    int layers,
    int width,
    int heads,
    int kvHeads,
    int headDim,
    int feedForward,
    int window,
    TensorType weights,
    long seed) {

  /** Two layers of width 64. */
  public static final TinyModel DEFAULT =
      new TinyModel("llama", 2, 64, 4, 2, 16, 128, 4096, TensorType.F32, 1);

  /** Tokens that a sliding layer of a Gemma sees, and how often a layer sees everything. */
  public static final int SLIDING_WINDOW = 24;

  private static final int SLIDING_PATTERN = 3;

  /** The types that its weights can have. */
  public static final Set<TensorType> WEIGHTS =
      EnumSet.of(
          TensorType.F32,
          TensorType.F16,
          TensorType.BF16,
          TensorType.Q8_0,
          TensorType.Q4_0,
          TensorType.Q4_1);

  /** The default model's own template. */
  public static final String CHAT_TEMPLATE =
      """
      {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
      {{ '<|im_start|>system
      You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
      ' }}{% endif %}{{'<|im_start|>' + message['role'] + '
      ' + message['content'] + '<|im_end|>' + '
      '}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
      ' }}{% endif %}\
      """;

  private static final List<String> CONTROL =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
  private static final List<String> MERGES =
      List.of(
          "Ġ t", "h e", "i n", "r e", "o n", "Ġt he", "a n", "e r", "Ġ a", "Ġa n", "x x", "xx xx");

  /** A model of another family, with layers of every kind. */
  public TinyModel withArchitecture(String name) {
    return new TinyModel(
        name, 4, width, heads, kvHeads, headDim, feedForward, window, weights, seed);
  }

  /** The same model with other weights' type. */
  public TinyModel withWeights(TensorType type) {
    return new TinyModel(
        architecture, layers, width, heads, kvHeads, headDim, feedForward, window, type, seed);
  }

  /** The same model with another window. */
  public TinyModel withWindow(int tokens) {
    return new TinyModel(
        architecture, layers, width, heads, kvHeads, headDim, feedForward, tokens, weights, seed);
  }

  /** Writes the model as a GGUF file and returns its path. */
  public Path write(Path path) {
    return writer().write(path);
  }

  /** Writes the default tiny model into a directory and returns its path. */
  public static Path writeDefault(Path directory) {
    return DEFAULT.write(directory.resolve("tiny.gguf"));
  }

  /** The model in a writer, for tests that damage it. */
  public GgufWriter writer() {
    GgufWriter out = new GgufWriter();
    metadata(out);
    tokenizer(out);
    tensors(out);
    return out;
  }

  private void metadata(GgufWriter out) {
    String p = architecture + ".";
    out.string("general.architecture", architecture)
        .string("general.name", "Tiny")
        .integer(p + "block_count", layers)
        .integer(p + "context_length", window)
        .integer(p + "embedding_length", width)
        .integer(p + "feed_forward_length", feedForward)
        .integer(p + "attention.head_count", heads)
        .integer(p + "attention.head_count_kv", kvHeads)
        .integer(p + "attention.key_length", headDim)
        .integer(p + "attention.value_length", headDim)
        .integer(p + "rope.dimension_count", headDim)
        .number(p + "rope.freq_base", gemma() ? 1_000_000 : 10_000)
        .number(p + "attention.layer_norm_rms_epsilon", 1e-5f);
    if (gemma()) {
      out.integer(p + "attention.sliding_window", SLIDING_WINDOW)
          .integer(p + "attention.sliding_window_pattern", SLIDING_PATTERN);
    }
  }

  private boolean gemma() {
    return architecture.equals("gemma3");
  }

  /** All tokens, as the file spells them. */
  public static List<String> vocabulary() {
    List<String> tokens = new ArrayList<>(CONTROL);
    for (int b = 0; b < 256; b++) {
      tokens.add(letter(b));
    }
    MERGES.forEach(merge -> tokens.add(merge.replace(" ", "")));
    return tokens;
  }

  private void tokenizer(GgufWriter out) {
    List<String> tokens = vocabulary();
    List<Integer> types = tokens.stream().map(token -> CONTROL.contains(token) ? 3 : 1).toList();
    out.string("tokenizer.ggml.model", "gpt2")
        .string("tokenizer.ggml.pre", "smollm")
        .strings("tokenizer.ggml.tokens", tokens)
        .ints("tokenizer.ggml.token_type", types)
        .strings("tokenizer.ggml.merges", MERGES)
        .integer("tokenizer.ggml.bos_token_id", 1)
        .integer("tokenizer.ggml.eos_token_id", 2)
        .flag("tokenizer.ggml.add_bos_token", false)
        .string("tokenizer.chat_template", CHAT_TEMPLATE);
  }

  private void tensors(GgufWriter out) {
    int vocabulary = vocabulary().size();
    int queries = heads * headDim;
    int keys = kvHeads * headDim;
    matrix(out, "token_embd.weight", width, vocabulary);
    for (int layer = 0; layer < layers; layer++) {
      String block = "blk." + layer + ".";
      norm(out, block + "attn_norm.weight");
      matrix(out, block + "attn_q.weight", width, queries);
      matrix(out, block + "attn_k.weight", width, keys);
      matrix(out, block + "attn_v.weight", width, keys);
      matrix(out, block + "attn_output.weight", queries, width);
      norm(out, block + "ffn_norm.weight");
      matrix(out, block + "ffn_gate.weight", width, feedForward);
      matrix(out, block + "ffn_up.weight", width, feedForward);
      matrix(out, block + "ffn_down.weight", feedForward, width);
      if (architecture.equals("qwen2")) {
        vector(out, block + "attn_q.bias", queries, 0, 0.5f);
        vector(out, block + "attn_k.bias", keys, 0, 0.5f);
        vector(out, block + "attn_v.bias", keys, 0, 0.5f);
      }
      if (architecture.equals("qwen3") || gemma()) {
        vector(out, block + "attn_q_norm.weight", headDim, 1, 0.3f);
        vector(out, block + "attn_k_norm.weight", headDim, 1, 0.3f);
      }
      if (gemma()) {
        norm(out, block + "post_attention_norm.weight");
        norm(out, block + "post_ffw_norm.weight");
      }
    }
    norm(out, "output_norm.weight");
  }

  private void matrix(GgufWriter out, String name, int columns, int rows) {
    float spread = (float) Math.sqrt(3.0 / columns);
    out.tensor(name, weights, columns, rows, random(name, columns * rows, 0, spread));
  }

  private void norm(GgufWriter out, String name) {
    vector(out, name, width, 1, 0.1f);
  }

  private void vector(GgufWriter out, String name, int length, float centre, float spread) {
    out.tensor(name, TensorType.F32, length, 1, random(name, length, centre, spread));
  }

  /** Numbers evenly spread around a centre, from splitmix64 seeded by the tensor's name. */
  private float[] random(String name, int count, float centre, float spread) {
    long state = seed * 31 + name.hashCode();
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      state += 0x9E3779B97F4A7C15L;
      long z = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
      z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
      float unit = ((z ^ z >>> 31) >>> 40) * 0x1p-24f;
      numbers[i] = centre + spread * (2 * unit - 1);
    }
    return numbers;
  }

  /** A byte in GPT-2's alphabet of printable characters. */
  private static String letter(int b) {
    int hidden = 0;
    for (int i = 0; i < b; i++) {
      hidden += isPrintable(i) ? 0 : 1;
    }
    return Character.toString(isPrintable(b) ? b : 256 + hidden);
  }

  private static boolean isPrintable(int b) {
    return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
  }
}
