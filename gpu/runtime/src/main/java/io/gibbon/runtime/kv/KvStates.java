package io.gibbon.runtime.kv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Keys (after RoPE) and values of every layer for the tokens of one context, off-heap, in the layout of {@link KvLayout}.
 * Immutable once filled, then safe for any number of reading threads; closed by its one owner when nobody reads it any
 * more.
 */
public final class KvStates implements AutoCloseable {

  /** Bytes of one page: a slice small enough to be a Kafka record under the default limit of 1 MiB. */
  public static final int PAGE_BYTES = 512 * 1024;

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
   * @throws IllegalArgumentException if the pages are not {@code pageCount} full pages and a rest of the right size
   */
  public static KvStates ofPages(KvLayout layout, int tokens, List<byte[]> pages) {
    long expected = layout.bytes(tokens);
    if (pages.size() != pageCount(expected)) {
      throw new IllegalArgumentException(
          "%d pages instead of %d for %d tokens".formatted(pages.size(), pageCount(expected), tokens));
    }
    KvStates states = new KvStates(layout, tokens);
    for (int i = 0; i < pages.size(); i++) {
      byte[] page = pages.get(i);
      long offset = (long) i * PAGE_BYTES;
      long size = Math.min(PAGE_BYTES, expected - offset);
      if (page.length != size) {
        states.close();
        throw new IllegalArgumentException("page %d has %d bytes instead of %d".formatted(i, page.length, size));
      }
      MemorySegment.copy(MemorySegment.ofArray(page), 0, states.memory, offset, size);
    }
    return states;
  }

  private static int pageCount(long bytes) {
    return Math.toIntExact((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
  }

  /** Shape and layout. */
  public KvLayout layout() {
    return layout;
  }

  /** Tokens of the context. */
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
    ByteBuffer page = memory.asSlice(offset, Math.min(PAGE_BYTES, memory.byteSize() - offset)).asByteBuffer();
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
