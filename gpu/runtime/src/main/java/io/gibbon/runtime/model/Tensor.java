package io.gibbon.runtime.model;

import java.lang.foreign.MemorySegment;

/**
 * A weight as it lies in the file.
 *
 * @param name GGUF name, such as {@code blk.0.attn_q.weight}
 * @param type how its numbers are stored
 * @param columns the fastest dimension: inputs of a projection
 * @param rows outputs of a projection; 1 for a vector
 * @param data little-endian blocks, row after row; read-only, mapped from the file
 */
public record Tensor(String name, TensorType type, int columns, int rows, MemorySegment data) {}
