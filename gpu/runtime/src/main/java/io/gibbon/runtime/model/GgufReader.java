package io.gibbon.runtime.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the header of a GGUF file front to back, trusting nothing: each count, length and offset is
 * checked against a limit or the rest of the file before it is used. Format: ggml's {@code
 * docs/gguf.md}.
 */
final class GgufReader {

  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int MAGIC = 0x46554747;
  private static final int MAX_KEYS = 65_536;
  private static final int MAX_TENSORS = 65_536;
  private static final int MAX_NAME = 1_024;
  private static final int MAX_STRING = 16 << 20;
  private static final int MAX_ARRAY = 16 << 20;
  private static final int MAX_DIMENSIONS = 4;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MAX_ALIGNMENT = 1 << 20;

  private final Path path;
  private final MemorySegment file;
  private final Metadata metadata;
  private final Map<String, Tensor> tensors;
  private long at;

  /** What the header says of a tensor, before its data is looked at. */
  private record Entry(
      String name, TensorType type, int columns, int rows, long offset, long size) {
    long end() {
      return offset + size;
    }
  }

  /** Reads and checks everything. */
  GgufReader(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
    readMagic();
    int tensorCount = readCount("tensor_count", MAX_TENSORS);
    int keyCount = readCount("metadata_kv_count", MAX_KEYS);
    this.metadata = new Metadata(path, readValues(keyCount));
    List<Entry> entries = readEntries(tensorCount);
    this.tensors = locate(entries);
  }

  Metadata metadata() {
    return metadata;
  }

  Map<String, Tensor> tensors() {
    return tensors;
  }

  private void readMagic() {
    if (file.byteSize() < 24) {
      throw problem("has %d bytes, too few for a GGUF header".formatted(file.byteSize()));
    }
    if (readInt("magic") != MAGIC) {
      throw problem("is not a GGUF file: it does not begin with the letters GGUF");
    }
    int version = readInt("version");
    if (Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3) {
      throw problem("is a big-endian GGUF file; only little-endian ones can be read");
    }
    if (version != 2 && version != 3) {
      throw problem(
          "has GGUF version %s; supported: 2, 3".formatted(Integer.toUnsignedString(version)));
    }
  }

  private Map<String, Object> readValues(int count) {
    Map<String, Object> values = new HashMap<>();
    for (int i = 0; i < count; i++) {
      String key = readString("key of metadata entry " + i, MAX_NAME);
      if (values.put(key, readValue(key, readType(key))) != null) {
        throw problem("has the key " + key + " twice");
      }
    }
    return values;
  }

  private GgufType readType(String key) {
    int code = readInt(key);
    if (code < 0 || code >= GgufType.values().length) {
      throw problem(
          "%s has value type %s; the greatest known is %d"
              .formatted(key, Integer.toUnsignedString(code), GgufType.values().length - 1));
    }
    return GgufType.values()[code];
  }

  private Object readValue(String key, GgufType type) {
    return switch (type) {
      case UINT8 -> (long) (take(1, key).get(ValueLayout.JAVA_BYTE, 0) & 0xFF);
      case INT8 -> (long) take(1, key).get(ValueLayout.JAVA_BYTE, 0);
      case UINT16 -> (long) (take(2, key).get(SHORT, 0) & 0xFFFF);
      case INT16 -> (long) take(2, key).get(SHORT, 0);
      case UINT32 -> Integer.toUnsignedLong(readInt(key));
      case INT32 -> (long) readInt(key);
      case FLOAT32 -> (double) Float.intBitsToFloat(readInt(key));
      case FLOAT64 -> Double.longBitsToDouble(readLong(key));
      case INT64 -> readLong(key);
      case UINT64 -> {
        long value = readLong(key);
        if (value < 0) {
          throw problem("%s is %s, above 2^63 - 1".formatted(key, Long.toUnsignedString(value)));
        }
        yield value;
      }
      case BOOL -> {
        byte value = take(1, key).get(ValueLayout.JAVA_BYTE, 0);
        if (value != 0 && value != 1) {
          throw problem("%s is a boolean of value %d, not 0 or 1".formatted(key, value));
        }
        yield value == 1;
      }
      case STRING -> readString(key, MAX_STRING);
      case ARRAY -> readArray(key);
    };
  }

  private GgufArray readArray(String key) {
    GgufType type = readType(key);
    if (type == GgufType.ARRAY) {
      throw problem(key + " is an array of arrays, which is not supported");
    }
    int count = readCount("length of " + key, MAX_ARRAY);
    long start = at;
    if (type == GgufType.STRING) {
      for (int i = 0; i < count; i++) {
        take(readCount("length of a string in " + key, MAX_STRING), key);
      }
    } else {
      take((long) count * type.bytes(), key);
    }
    return new GgufArray(type, count, file.asSlice(start, at - start));
  }

  private List<Entry> readEntries(int count) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(readEntry(i));
    }
    return entries;
  }

  private Entry readEntry(int index) {
    String name = readString("name of tensor " + index, MAX_NAME);
    String field = "tensor " + name;
    int dimensions = readInt(field);
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw problem(
          "%s has %s dimensions, it must have 1 to %d"
              .formatted(field, Integer.toUnsignedString(dimensions), MAX_DIMENSIONS));
    }
    long columns = readDimension(field);
    long rows = 1;
    for (int d = 1; d < dimensions; d++) {
      rows *= readDimension(field);
      if (rows > Integer.MAX_VALUE) {
        throw problem("%s has more than %d rows".formatted(field, Integer.MAX_VALUE));
      }
    }
    TensorType type = readTensorType(field);
    if (columns % type.blockLength() != 0) {
      throw problem(
          "%s has rows of %d numbers, not a multiple of the %d of a %s block"
              .formatted(field, columns, type.blockLength(), type));
    }
    long rowBytes = columns / type.blockLength() * type.blockBytes();
    long offset = readLong(field);
    if (rowBytes > file.byteSize() / rows) {
      throw problem(
          "%s of %d x %d %s is larger than the file".formatted(field, columns, rows, type));
    }
    return new Entry(name, type, (int) columns, (int) rows, offset, rowBytes * rows);
  }

  private long readDimension(String field) {
    long dimension = readLong(field);
    if (dimension < 1 || dimension > Integer.MAX_VALUE) {
      throw problem(
          "%s has a dimension of %s, it must be from 1 to %d"
              .formatted(field, Long.toUnsignedString(dimension), Integer.MAX_VALUE));
    }
    return dimension;
  }

  private TensorType readTensorType(String field) {
    int code = readInt(field);
    return TensorType.ofCode(code)
        .orElseThrow(
            () ->
                problem(
                    "%s is of ggml type %s, which is not supported; supported: %s"
                        .formatted(field, TensorType.ggmlName(code), TensorType.names())));
  }

  private Map<String, Tensor> locate(List<Entry> entries) {
    int alignment = metadata.integer("general.alignment", 8, MAX_ALIGNMENT, DEFAULT_ALIGNMENT);
    if (Integer.bitCount(alignment) != 1) {
      throw problem("general.alignment is %d, not a power of two".formatted(alignment));
    }
    long start = (at + alignment - 1) / alignment * alignment;
    long length = Math.max(0, file.byteSize() - start);
    entries.forEach(entry -> checkPlace(entry, alignment, length));
    checkDisjoint(entries);
    Map<String, Tensor> located = new LinkedHashMap<>();
    for (Entry e : entries) {
      MemorySegment data = file.asSlice(start + e.offset(), e.size());
      if (located.put(e.name(), new Tensor(e.name(), e.type(), e.columns(), e.rows(), data))
          != null) {
        throw problem("has the tensor " + e.name() + " twice");
      }
    }
    return located;
  }

  private void checkPlace(Entry entry, int alignment, long length) {
    long offset = entry.offset();
    if (offset % alignment != 0) {
      throw problem(
          "tensor %s is at offset %s, not a multiple of the alignment %d"
              .formatted(entry.name(), Long.toUnsignedString(offset), alignment));
    }
    if (offset < 0 || offset > length || entry.size() > length - offset) {
      throw problem(
          "tensor %s has %d bytes at offset %s, past the end of the %d bytes of data: the file is"
                  .formatted(entry.name(), entry.size(), Long.toUnsignedString(offset), length)
              + " truncated or damaged");
    }
  }

  private void checkDisjoint(List<Entry> entries) {
    List<Entry> sorted = entries.stream().sorted(Comparator.comparingLong(Entry::offset)).toList();
    for (int i = 1; i < sorted.size(); i++) {
      Entry before = sorted.get(i - 1);
      Entry entry = sorted.get(i);
      if (entry.offset() < before.end()) {
        throw problem("tensors %s and %s overlap".formatted(before.name(), entry.name()));
      }
    }
  }

  private int readCount(String field, int max) {
    long count = readLong(field);
    if (count < 0 || count > max) {
      throw problem(
          "%s is %s, the limit is %d".formatted(field, Long.toUnsignedString(count), max));
    }
    return (int) count;
  }

  private String readString(String field, int max) {
    int length = readCount("length of the " + field, max);
    byte[] utf8 = take(length, field).toArray(ValueLayout.JAVA_BYTE);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  private int readInt(String field) {
    return take(Integer.BYTES, field).get(INT, 0);
  }

  private long readLong(String field) {
    return take(Long.BYTES, field).get(LONG, 0);
  }

  private MemorySegment take(long bytes, String field) {
    if (bytes > file.byteSize() - at) {
      throw problem(
          "ends within %s: %d bytes needed, %d left; the file is truncated or damaged"
              .formatted(field, bytes, file.byteSize() - at));
    }
    MemorySegment slice = file.asSlice(at, bytes);
    at += bytes;
    return slice;
  }

  private InvalidModelException problem(String problem) {
    return new InvalidModelException(path, problem);
  }
}
