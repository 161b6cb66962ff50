package io.gibbon.runtime;

import io.gibbon.runtime.chat.PromptFormat;
import io.gibbon.runtime.kv.KvFormat;
import java.nio.file.Path;

/**
 * How to run a model.
 *
 * @param model the GGUF file
 * @param backend {@value #AUTO} for the best that runs here, or a backend's name, such as {@code
 *     cpu}
 * @param threads compute threads, 1 to {@value #MOST_THREADS}; the machine's processors by default
 * @param kvFormat how contexts' keys and values are stored, {@link KvFormat#I8} by default;
 *     changing it makes every stored state useless
 * @param promptFormat the words around documents and questions; changing system or context words
 *     makes every stored state useless
 * @param contextTokens the most tokens of one context, {@value #FEWEST_CONTEXT_TOKENS} to {@value
 *     #MOST_CONTEXT_TOKENS}; {@value #DEFAULT_CONTEXT_TOKENS} by default
 * @param maxSequences answers that are computed at once, 1 to {@value #MOST_SEQUENCES}; {@value
 *     #DEFAULT_MAX_SEQUENCES} by default
 * @param queueLimit answers that may wait for their turn, 0 to {@value #MOST_WAITING}; {@value
 *     #DEFAULT_QUEUE_LIMIT} by default
 * @param kvBudgetBytes the most bytes of KV states of running answers and cached contexts together,
 *     at least 1 MiB; 1 GiB by default
 * @param encodeAheadBytes the most bytes of encoded contexts of one document that wait to be
 *     collected, at least 1 (one context may always wait); 8 MiB by default
 */
public record RuntimeConfig(
    Path model,
    String backend,
    int threads,
    KvFormat kvFormat,
    PromptFormat promptFormat,
    int contextTokens,
    int maxSequences,
    int queueLimit,
    long kvBudgetBytes,
    long encodeAheadBytes) {

  /** The backend that is chosen at run time. */
  public static final String AUTO = "auto";

  /** Limit of {@code threads}. */
  public static final int MOST_THREADS = 1024;

  /** Lower limit of {@code contextTokens}: shorter chunks carry no sentence. */
  public static final int FEWEST_CONTEXT_TOKENS = 16;

  /** Upper limit of {@code contextTokens}. */
  public static final int MOST_CONTEXT_TOKENS = 8192;

  /** Default of {@code contextTokens}. */
  public static final int DEFAULT_CONTEXT_TOKENS = 256;

  /** Limit of {@code maxSequences}. */
  public static final int MOST_SEQUENCES = 256;

  /** Default of {@code maxSequences}. */
  public static final int DEFAULT_MAX_SEQUENCES = 16;

  /** Limit of {@code queueLimit}. */
  public static final int MOST_WAITING = 100_000;

  /** Default of {@code queueLimit}. */
  public static final int DEFAULT_QUEUE_LIMIT = 64;

  /** Default of {@code kvBudgetBytes}. */
  public static final long DEFAULT_KV_BUDGET_BYTES = 1L << 30;

  /** Default of {@code encodeAheadBytes}. */
  public static final long DEFAULT_ENCODE_AHEAD_BYTES = 8L << 20;

  private static final long LEAST_KV_BUDGET_BYTES = 1L << 20;

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException naming the key and its limits
   */
  public RuntimeConfig {
    if (backend.isBlank()) {
      throw new IllegalArgumentException("backend must be auto or the name of a backend");
    }
    requireBetween("threads", threads, 1, MOST_THREADS);
    requireBetween("contextTokens", contextTokens, FEWEST_CONTEXT_TOKENS, MOST_CONTEXT_TOKENS);
    requireBetween("maxSequences", maxSequences, 1, MOST_SEQUENCES);
    requireBetween("queueLimit", queueLimit, 0, MOST_WAITING);
    requireBetween("kvBudgetBytes", kvBudgetBytes, LEAST_KV_BUDGET_BYTES, Long.MAX_VALUE);
    requireBetween("encodeAheadBytes", encodeAheadBytes, 1, Long.MAX_VALUE);
  }

  /** All defaults for a model file. */
  public static RuntimeConfig of(Path model) {
    return builder(model).build();
  }

  /** All defaults for a model file, to be changed. */
  public static Builder builder(Path model) {
    return new Builder(model);
  }

  /** Collects values; {@link #build()} checks them. */
  public static final class Builder {

    private final Path model;
    private String backend = AUTO;
    private int threads = Runtime.getRuntime().availableProcessors();
    private KvFormat kvFormat = KvFormat.I8;
    private PromptFormat promptFormat = PromptFormat.DEFAULT;
    private int contextTokens = DEFAULT_CONTEXT_TOKENS;
    private int maxSequences = DEFAULT_MAX_SEQUENCES;
    private int queueLimit = DEFAULT_QUEUE_LIMIT;
    private long kvBudgetBytes = DEFAULT_KV_BUDGET_BYTES;
    private long encodeAheadBytes = DEFAULT_ENCODE_AHEAD_BYTES;

    private Builder(Path model) {
      this.model = model;
    }

    /** The backend, or {@link #AUTO}. */
    public Builder backend(String value) {
      backend = value;
      return this;
    }

    /** Compute threads. */
    public Builder threads(int value) {
      threads = value;
      return this;
    }

    /** How keys and values are stored. */
    public Builder kvFormat(KvFormat value) {
      kvFormat = value;
      return this;
    }

    /** The words around documents and questions. */
    public Builder promptFormat(PromptFormat value) {
      promptFormat = value;
      return this;
    }

    /** The most tokens of one context. */
    public Builder contextTokens(int value) {
      contextTokens = value;
      return this;
    }

    /** Answers that are computed at once. */
    public Builder maxSequences(int value) {
      maxSequences = value;
      return this;
    }

    /** Answers that may wait. */
    public Builder queueLimit(int value) {
      queueLimit = value;
      return this;
    }

    /** The most bytes of KV states. */
    public Builder kvBudgetBytes(long value) {
      kvBudgetBytes = value;
      return this;
    }

    /** The most bytes of one document that wait to be collected. */
    public Builder encodeAheadBytes(long value) {
      encodeAheadBytes = value;
      return this;
    }

    /**
     * The configuration.
     *
     * @throws IllegalArgumentException naming the key and its limits
     */
    public RuntimeConfig build() {
      return new RuntimeConfig(
          model,
          backend,
          threads,
          kvFormat,
          promptFormat,
          contextTokens,
          maxSequences,
          queueLimit,
          kvBudgetBytes,
          encodeAheadBytes);
    }
  }

  private static void requireBetween(String key, long value, long least, long greatest) {
    if (value < least || value > greatest) {
      throw new IllegalArgumentException(
          greatest == Long.MAX_VALUE
              ? "%s must be at least %,d, not %,d".formatted(key, least, value)
              : "%s must be between %,d and %,d, not %,d".formatted(key, least, greatest, value));
    }
  }
}
