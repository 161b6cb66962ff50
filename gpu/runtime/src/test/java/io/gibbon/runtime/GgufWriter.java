package io.gibbon.runtime;

import io.gibbon.runtime.model.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes GGUF files for tests, sound ones and damaged ones. A key set again replaces its value, but
 * for {@link #raw}; every count can be overridden.
 */
public final class GgufWriter {

  private static final int ALIGNMENT = 32;

  private final Map<String, Bytes> values = new LinkedHashMap<>();
  private final Bytes rawValues = new Bytes();
  private final Bytes infos = new Bytes();
  private final List<byte[]> data = new ArrayList<>();
  private int version = 3;
  private long rawCount;
  private long tensorCount;
  private long @Nullable [] counts;
  private long offset;

  /** The number behind the letters GGUF. */
  public GgufWriter version(int number) {
    version = number;
    return this;
  }

  /** A string value. */
  public GgufWriter string(String key, String value) {
    key(key, 8).string(value);
    return this;
  }

  /** A 32-bit unsigned value. */
  public GgufWriter integer(String key, int value) {
    key(key, 4).int32(value);
    return this;
  }

  /** A binary32 value. */
  public GgufWriter number(String key, float value) {
    key(key, 6).int32(Float.floatToRawIntBits(value));
    return this;
  }

  /** A boolean value. */
  public GgufWriter flag(String key, boolean value) {
    key(key, 7).int8(value ? 1 : 0);
    return this;
  }

  /** An array of strings. */
  public GgufWriter strings(String key, List<String> strings) {
    Bytes array = key(key, 9);
    array.int32(8);
    array.int64(strings.size());
    strings.forEach(array::string);
    return this;
  }

  /** An array of 32-bit signed integers. */
  public GgufWriter ints(String key, List<Integer> ints) {
    Bytes array = key(key, 9);
    array.int32(5);
    array.int64(ints.size());
    ints.forEach(array::int32);
    return this;
  }

  /** An array of binary32 numbers. */
  public GgufWriter numbers(String key, List<Float> numbers) {
    Bytes array = key(key, 9);
    array.int32(6);
    array.int64(numbers.size());
    numbers.forEach(number -> array.int32(Float.floatToRawIntBits(number)));
    return this;
  }

  /** The file without a value set before. */
  public GgufWriter without(String key) {
    values.remove(key);
    return this;
  }

  /** A value of any type number and any bytes, added even if the key is there. */
  public GgufWriter raw(String key, int type, byte[] bytes) {
    rawValues.string(key);
    rawValues.int32(type);
    rawValues.bytes(bytes);
    rawCount++;
    return this;
  }

  /** A tensor whose numbers are stored as {@code type} behind those already written. */
  public GgufWriter tensor(String name, TensorType type, int columns, int rows, float[] numbers) {
    byte[] bytes = Quantizer.quantize(type, numbers);
    long[] dimensions = rows == 1 ? new long[] {columns} : new long[] {columns, rows};
    info(name, type.code(), offset, dimensions);
    data.add(bytes);
    offset += (bytes.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return this;
  }

  /** A tensor's entry without data. */
  public GgufWriter info(String name, int type, long at, long... dimensions) {
    infos.string(name);
    infos.int32(dimensions.length);
    for (long dimension : dimensions) {
      infos.int64(dimension);
    }
    infos.int32(type);
    infos.int64(at);
    tensorCount++;
    return this;
  }

  /** Overrides the counts in the header. */
  public GgufWriter counts(long tensors, long keys) {
    counts = new long[] {tensors, keys};
    return this;
  }

  /** The file's bytes. */
  public byte[] toBytes() {
    Bytes file = new Bytes();
    file.int32(0x46554747);
    file.int32(version);
    file.int64(counts == null ? tensorCount : counts[0]);
    file.int64(counts == null ? values.size() + rawCount : counts[1]);
    values.values().forEach(value -> file.bytes(value.toByteArray()));
    file.bytes(rawValues.toByteArray());
    file.bytes(infos.toByteArray());
    file.pad();
    for (byte[] bytes : data) {
      file.bytes(bytes);
      file.pad();
    }
    return file.toByteArray();
  }

  /** Writes the file and returns its path. */
  public Path write(Path path) {
    try {
      return Files.write(path, toBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Bytes key(String key, int type) {
    Bytes value = new Bytes();
    value.string(key);
    value.int32(type);
    values.put(key, value);
    return value;
  }

  /** Little-endian output. */
  private static final class Bytes extends ByteArrayOutputStream {

    void int8(int value) {
      write(value);
    }

    void int32(int value) {
      bytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    void int64(long value) {
      bytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }

    void string(String value) {
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      int64(utf8.length);
      bytes(utf8);
    }

    void bytes(byte[] bytes) {
      write(bytes, 0, bytes.length);
    }

    void pad() {
      while (count % ALIGNMENT != 0) {
        write(0);
      }
    }
  }
}
