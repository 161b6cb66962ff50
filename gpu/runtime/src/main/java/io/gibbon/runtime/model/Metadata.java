package io.gibbon.runtime.model;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The key-value part of a GGUF file. Every getter checks the value's type and range and throws
 * {@link InvalidModelException} naming the key. Valid while the file is open; immutable and
 * thread-safe.
 */
public final class Metadata {

  private final Path file;
  private final Map<String, Object> values;

  Metadata(Path file, Map<String, Object> values) {
    this.file = file;
    this.values = Map.copyOf(values);
  }

  /** Whether the file has this key. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A required string. */
  public String string(String key) {
    return required(key, String.class, "a string");
  }

  /** A string, or the default if the file has no such key. */
  public String string(String key, String defaultValue) {
    return has(key) ? string(key) : defaultValue;
  }

  /** A required integer between min and max, both included. */
  public int integer(String key, int min, int max) {
    long value = required(key, Long.class, "an integer");
    if (value < min || value > max) {
      throw problem(key, "is %d, it must be from %d to %d".formatted(value, min, max));
    }
    return (int) value;
  }

  /** An integer between min and max, or the default if the file has no such key. */
  public int integer(String key, int min, int max, int defaultValue) {
    return has(key) ? integer(key, min, max) : defaultValue;
  }

  /** A required finite number greater than 0. */
  public float positive(String key) {
    double value = required(key, Double.class, "a floating-point number");
    if (!((float) value > 0) || value > Float.MAX_VALUE) {
      throw problem(key, "is %s, it must be finite and greater than 0".formatted(value));
    }
    return (float) value;
  }

  /** A finite number greater than 0, or the default if the file has no such key. */
  public float positive(String key, float defaultValue) {
    return has(key) ? positive(key) : defaultValue;
  }

  /** A boolean, or the default if the file has no such key. */
  public boolean flag(String key, boolean defaultValue) {
    return has(key) ? required(key, Boolean.class, "a boolean") : defaultValue;
  }

  /** Length of a required array. */
  public int count(String key) {
    return array(key).count();
  }

  /** A required array of strings; malformed UTF-8 is replaced. */
  public String[] strings(String key) {
    GgufArray array = array(key);
    if (array.type() != GgufType.STRING) {
      throw problem(key, "is an array of " + array.type() + ", it must be an array of STRING");
    }
    return array.strings();
  }

  /** A required array of 32-bit integers. */
  public int[] ints(String key) {
    GgufArray array = array(key);
    if (array.type() != GgufType.INT32 && array.type() != GgufType.UINT32) {
      throw problem(key, "is an array of " + array.type() + ", it must be an array of INT32");
    }
    return array.ints();
  }

  /** A required array of binary32 numbers. */
  public float[] floats(String key) {
    GgufArray array = array(key);
    if (array.type() != GgufType.FLOAT32) {
      throw problem(key, "is an array of " + array.type() + ", it must be an array of FLOAT32");
    }
    return array.floats();
  }

  /** An exception that says what is wrong with the value of a key. */
  public InvalidModelException problem(String key, String problem) {
    return new InvalidModelException(file, key + " " + problem);
  }

  private GgufArray array(String key) {
    return required(key, GgufArray.class, "an array");
  }

  private <T> T required(String key, Class<T> type, String name) {
    @Nullable Object value = values.get(key);
    if (value == null) {
      throw problem(key, "is missing");
    }
    if (!type.isInstance(value)) {
      throw problem(key, "must be " + name);
    }
    return type.cast(value);
  }
}
