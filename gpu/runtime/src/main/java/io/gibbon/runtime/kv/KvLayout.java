package io.gibbon.runtime.kv;

/**
 * Where the keys and values of one context lie in memory: the kernels' own layout, which is also
 * what stores and changelogs hold.
 *
 * <p>A context of n tokens is one run of {@code layers * kvHeads} blocks, layer by layer and head
 * by head. A block holds first the keys, in panels of {@value #PANEL} tokens: within a panel
 * dimension-major, so that {@value #PANEL} tokens of one dimension are adjacent; lanes past the
 * last token are zero. Then the values, in panels of {@value #PANEL} dimensions: within a panel
 * token-major, and zero for one token more if their number is odd. So both are what a product over
 * panels reads: an even number of rows of {@value #PANEL} numbers, one for each step along its
 * depth. Where the format has scales, those of the keys follow the keys, one a token and zero for
 * the lanes past the last, and those of the values follow the values, one a token. Everything is
 * little-endian.
 *
 * @param layers layers of the model
 * @param kvHeads key-value heads of a layer
 * @param headDim dimensions of a head
 * @param format how a number is stored
 */
public record KvLayout(int layers, int kvHeads, int headDim, KvFormat format) {

  /** Tokens of a key panel. */
  public static final int PANEL = 16;

  /** Version of this layout; part of every profile's fingerprint. */
  public static final int VERSION = 3;

  /**
   * The layout of states that are still being computed, which codes would lose too much of: a
   * context is turned into codes once, when it is complete.
   */
  public KvLayout working() {
    return format.scaled() ? new KvLayout(layers, kvHeads, headDim, KvFormat.F16) : this;
  }

  /** Whether another layout differs in nothing but the format. */
  public boolean sameShape(KvLayout other) {
    return layers == other.layers && kvHeads == other.kvHeads && headDim == other.headDim;
  }

  /** Bytes of the keys of one block for a number of tokens, the last panel padded. */
  public long keyBytes(int tokens) {
    return (long) padded(tokens) * headDim * format.bytes();
  }

  /** Bytes of the values of one block for a number of tokens. */
  public long valueBytes(int tokens) {
    return (long) even(tokens) * headDim * format.bytes();
  }

  /** Bytes from the values of {@value #PANEL} dimensions to those of the next. */
  public long valuePanelBytes(int tokens) {
    return (long) even(tokens) * PANEL * format.bytes();
  }

  /** Bytes of the scales of a block's keys. */
  public long keyScaleBytes(int tokens) {
    return format.scaled() ? (long) padded(tokens) * Short.BYTES : 0;
  }

  /** Bytes of the scales of a block's values. */
  public long valueScaleBytes(int tokens) {
    return format.scaled() ? (long) tokens * Short.BYTES : 0;
  }

  /** Bytes of one block. */
  public long blockBytes(int tokens) {
    return keyBytes(tokens) + keyScaleBytes(tokens) + valueBytes(tokens) + valueScaleBytes(tokens);
  }

  /** Tokens with the lanes of the last key panel. */
  private static int padded(int tokens) {
    return (tokens + PANEL - 1) / PANEL * PANEL;
  }

  /** Tokens with the one that makes their number even. */
  private static int even(int tokens) {
    return (tokens + 1) / 2 * 2;
  }

  /** Where the block of a layer and head begins in states of a number of tokens. */
  public long blockOffset(int tokens, int layer, int kvHead) {
    return ((long) layer * kvHeads + kvHead) * blockBytes(tokens);
  }

  /** Where the key panel begins whose first token is {@code token}, a multiple of a panel. */
  public long keyOffset(int tokens, int layer, int kvHead, int token) {
    return blockOffset(tokens, layer, kvHead) + (long) token * headDim * format.bytes();
  }

  /** Where the scale of a token's key lies; the next token's follows. */
  public long keyScaleOffset(int tokens, int layer, int kvHead, int token) {
    return blockOffset(tokens, layer, kvHead) + keyBytes(tokens) + (long) token * Short.BYTES;
  }

  /** Where the scale of a token's value lies; the next token's follows. */
  public long valueScaleOffset(int tokens, int layer, int kvHead, int token) {
    return blockOffset(tokens, layer, kvHead)
        + keyBytes(tokens)
        + keyScaleBytes(tokens)
        + valueBytes(tokens)
        + (long) token * Short.BYTES;
  }

  /**
   * Where a token's values lie in the panel whose first dimension is {@code dim}, a multiple of a
   * panel: {@value #PANEL} of them, then the next token's.
   */
  public long valueOffset(int tokens, int layer, int kvHead, int token, int dim) {
    return blockOffset(tokens, layer, kvHead)
        + keyBytes(tokens)
        + keyScaleBytes(tokens)
        + ((long) dim * even(tokens) + (long) token * PANEL) * format.bytes();
  }

  /** Bytes of all blocks. */
  public long bytes(int tokens) {
    return layers * kvHeads * blockBytes(tokens);
  }
}
