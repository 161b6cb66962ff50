package io.gibbon.runtime.kv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Keys (after RoPE) and values of every layer for the tokens of one context, off-heap, in the
 * layout of {@link KvLayout}. Immutable once filled, then safe for any number of reading threads;
 * closed by its one owner when nobody reads it any more.
 *
 * <p>A context's states have exactly its number of tokens, so that equal contexts have equal bytes.
 * The own states of a sequence that is still decoding have room for more tokens than are filled;
 * they grow by {@link #resized}.
 */
public final class KvStates implements AutoCloseable {

  /**
   * Bytes of one page: a slice small enough to be a Kafka record under the default limit of 1 MiB.
   */
  public static final int PAGE_BYTES = 512 * 1024;

  private static final float GREATEST_CODE = 127;

  /** The greatest finite binary16. */
  private static final float GREATEST_HALF = 65504;

  private final KvLayout layout;
  private final int tokens;
  private final Arena arena;
  private final MemorySegment memory;

  private KvStates(KvLayout layout, int tokens) {
    this.layout = layout;
    this.tokens = tokens;
    this.arena = Arena.ofShared();
    this.memory = arena.allocate(layout.bytes(tokens), 64);
  }

  /** Zeroed states for a number of tokens, to be filled by the engine. */
  public static KvStates allocate(KvLayout layout, int tokens) {
    return new KvStates(layout, tokens);
  }

  /**
   * States from the pages that {@link #page} returned.
   *
   * @throws IllegalArgumentException if the pages are not {@code pageCount} full pages and a rest
   *     of the right size
   */
  public static KvStates ofPages(KvLayout layout, int tokens, List<byte[]> pages) {
    long expected = layout.bytes(tokens);
    if (pages.size() != pageCount(expected)) {
      throw new IllegalArgumentException(
          "%d pages instead of %d for %d tokens"
              .formatted(pages.size(), pageCount(expected), tokens));
    }
    KvStates states = new KvStates(layout, tokens);
    for (int i = 0; i < pages.size(); i++) {
      byte[] page = pages.get(i);
      long offset = (long) i * PAGE_BYTES;
      long size = Math.min(PAGE_BYTES, expected - offset);
      if (page.length != size) {
        states.close();
        throw new IllegalArgumentException(
            "page %d has %d bytes instead of %d".formatted(i, page.length, size));
      }
      MemorySegment.copy(MemorySegment.ofArray(page), 0, states.memory, offset, size);
    }
    return states;
  }

  private static int pageCount(long bytes) {
    return Math.toIntExact((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
  }

  /**
   * A copy of these states with room for more tokens, the new room zero. The caller still closes
   * these.
   *
   * @throws IllegalArgumentException if {@code tokens} is less than there is room for
   */
  public KvStates resized(int tokens) {
    if (tokens < this.tokens) {
      throw new IllegalArgumentException(
          "cannot shrink from %d to %d tokens".formatted(this.tokens, tokens));
    }
    KvStates copy = new KvStates(layout, tokens);
    for (int layer = 0; layer < layout.layers(); layer++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        copy.takeBlock(this, layer, head);
      }
    }
    return copy;
  }

  private void takeBlock(KvStates other, int layer, int head) {
    MemorySegment.copy(
        other.memory,
        layout.blockOffset(other.tokens, layer, head),
        memory,
        layout.blockOffset(tokens, layer, head),
        layout.keyBytes(other.tokens));
    MemorySegment.copy(
        other.memory,
        layout.keyScaleOffset(other.tokens, layer, head, 0),
        memory,
        layout.keyScaleOffset(tokens, layer, head, 0),
        layout.keyScaleBytes(other.tokens));
    MemorySegment.copy(
        other.memory,
        layout.valueScaleOffset(other.tokens, layer, head, 0),
        memory,
        layout.valueScaleOffset(tokens, layer, head, 0),
        layout.valueScaleBytes(other.tokens));
    for (int dim = 0; dim < layout.headDim(); dim += KvLayout.PANEL) {
      MemorySegment.copy(
          other.memory,
          layout.valueOffset(other.tokens, layer, head, 0, dim),
          memory,
          layout.valueOffset(tokens, layer, head, 0, dim),
          layout.valuePanelBytes(other.tokens));
    }
  }

  /**
   * A copy in another layout of the same shape, every number rounded to its format. The caller
   * still closes these.
   */
  public KvStates in(KvLayout other) {
    KvStates copy = new KvStates(other, tokens);
    float[] key = new float[layout.headDim()];
    float[] value = new float[layout.headDim()];
    for (int layer = 0; layer < layout.layers(); layer++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        for (int token = 0; token < tokens; token++) {
          get(layer, head, token, key, value);
          copy.put(layer, head, token, key, 0, value, 0);
        }
      }
    }
    return copy;
  }

  /** Reads one token's key and value of one layer and head. */
  void get(int layer, int kvHead, int token, float[] key, float[] value) {
    int bytes = layout.format().bytes();
    int lane = token % KvLayout.PANEL;
    long keys = layout.keyOffset(tokens, layer, kvHead, token - lane) + (long) lane * bytes;
    float perKey = scaleAt(layout.keyScaleOffset(tokens, layer, kvHead, token));
    float perValue = scaleAt(layout.valueScaleOffset(tokens, layer, kvHead, token));
    for (int dim = 0; dim < layout.headDim(); dim += KvLayout.PANEL) {
      long values = layout.valueOffset(tokens, layer, kvHead, token, dim);
      for (int i = 0; i < KvLayout.PANEL; i++) {
        key[dim + i] = number(keys + (long) (dim + i) * KvLayout.PANEL * bytes) * perKey;
        value[dim + i] = number(values + (long) i * bytes) * perValue;
      }
    }
  }

  private float scaleAt(long at) {
    return layout.format().scaled()
        ? Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT, at))
        : 1;
  }

  private float number(long at) {
    return switch (layout.format()) {
      case F32 -> memory.get(ValueLayout.JAVA_FLOAT, at);
      case F16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT, at));
      case I8 -> memory.get(ValueLayout.JAVA_BYTE, at);
    };
  }

  /**
   * Stores one token's key and value of one layer and head, rounded to the format. Different tokens
   * may be written by different threads at once.
   */
  public void put(
      int layer,
      int kvHead,
      int token,
      float[] key,
      int keyOffset,
      float[] value,
      int valueOffset) {
    int bytes = layout.format().bytes();
    int lane = token % KvLayout.PANEL;
    long keys = layout.keyOffset(tokens, layer, kvHead, token - lane) + (long) lane * bytes;
    float perKey = scale(key, keyOffset, layout.keyScaleOffset(tokens, layer, kvHead, token));
    put(keys, KvLayout.PANEL, key, keyOffset, layout.headDim(), perKey);
    float perValue =
        scale(value, valueOffset, layout.valueScaleOffset(tokens, layer, kvHead, token));
    for (int dim = 0; dim < layout.headDim(); dim += KvLayout.PANEL) {
      long values = layout.valueOffset(tokens, layer, kvHead, token, dim);
      put(values, 1, value, valueOffset + dim, KvLayout.PANEL, perValue);
    }
  }

  /**
   * Stores the scale of a key or value, where the format has scales, and returns it as it is read.
   */
  private float scale(float[] numbers, int offset, long at) {
    if (!layout.format().scaled()) {
      return 1;
    }
    float greatest = 0;
    for (int i = offset; i < offset + layout.headDim(); i++) {
      greatest = Math.max(greatest, Math.abs(numbers[i]));
    }
    short scale = Float.floatToFloat16(Math.min(GREATEST_HALF, greatest / GREATEST_CODE));
    memory.set(ValueLayout.JAVA_SHORT, at, scale);
    return Float.float16ToFloat(scale);
  }

  /** Stores numbers so far apart. */
  private void put(long at, int distance, float[] numbers, int offset, int n, float scale) {
    switch (layout.format()) {
      case F32 -> {
        for (int i = 0; i < n; i++) {
          memory.set(ValueLayout.JAVA_FLOAT, at + 4L * i * distance, numbers[offset + i]);
        }
      }
      case F16 -> {
        for (int i = 0; i < n; i++) {
          memory.set(ValueLayout.JAVA_SHORT, at + 2L * i * distance, half(numbers[offset + i]));
        }
      }
      case I8 -> {
        for (int i = 0; i < n; i++) {
          byte code = code(numbers[offset + i], scale);
          memory.set(ValueLayout.JAVA_BYTE, at + (long) i * distance, code);
        }
      }
    }
  }

  /** Saturates: kernels read halves without telling infinity from a number. */
  private static short half(float number) {
    return Float.floatToFloat16(Math.clamp(number, -GREATEST_HALF, GREATEST_HALF));
  }

  private static byte code(float number, float scale) {
    return scale == 0
        ? 0
        : (byte) Math.clamp(Math.rint(number / scale), -GREATEST_CODE, GREATEST_CODE);
  }

  /** Shape and layout. */
  public KvLayout layout() {
    return layout;
  }

  /** Tokens of the context, or that there is room for. */
  public int tokens() {
    return tokens;
  }

  /** All bytes, in the layout's order. */
  public MemorySegment memory() {
    return memory;
  }

  /** Number of pages. */
  public int pageCount() {
    return pageCount(memory.byteSize());
  }

  /** A copy of page {@code index}. */
  public byte[] page(int index) {
    long offset = (long) index * PAGE_BYTES;
    ByteBuffer page =
        memory.asSlice(offset, Math.min(PAGE_BYTES, memory.byteSize() - offset)).asByteBuffer();
    byte[] bytes = new byte[page.remaining()];
    page.get(bytes);
    return bytes;
  }

  /** Frees the memory at once. */
  @Override
  public void close() {
    arena.close();
  }
}
