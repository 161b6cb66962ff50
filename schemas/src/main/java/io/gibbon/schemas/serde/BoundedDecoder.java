package io.gibbon.schemas.serde;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.avro.io.Decoder;
import org.apache.avro.util.Utf8;
import org.jspecify.annotations.Nullable;

/**
 * Avro's binary encoding over a byte array of untrusted origin: no length is believed beyond the
 * bytes that are left, strings must be UTF-8, and collections have at most as many items as bytes
 * are left. Avro's own decoder allocates what a length says and replaces malformed UTF-8. Not
 * thread-safe.
 */
final class BoundedDecoder extends Decoder {

  private final byte[] bytes;
  private final int end;
  private int position;

  BoundedDecoder(byte[] bytes, int offset) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.position = offset;
  }

  @Override
  public int remainingBytes() {
    return end - position;
  }

  @Override
  public void readNull() {}

  @Override
  public boolean readBoolean() throws IOException {
    byte value = bytes[take(1)];
    if (value != 0 && value != 1) {
      throw new IOException("a boolean is neither 0 nor 1");
    }
    return value == 1;
  }

  @Override
  public int readInt() throws IOException {
    long value = readLong();
    if (value != (int) value) {
      throw new IOException("an int has more than 32 bits");
    }
    return (int) value;
  }

  @Override
  public long readLong() throws IOException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      byte b = bytes[take(1)];
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new IOException("a long has more than 10 bytes");
  }

  @Override
  public float readFloat() throws IOException {
    return littleEndian(take(4), 4).getFloat();
  }

  @Override
  public double readDouble() throws IOException {
    return littleEndian(take(8), 8).getDouble();
  }

  @Override
  public Utf8 readString(@Nullable Utf8 old) throws IOException {
    return new Utf8(readString());
  }

  @Override
  public String readString() throws IOException {
    int length = length(readLong());
    return Utf8Text.decode(bytes, take(length), length).toString();
  }

  @Override
  public void skipString() throws IOException {
    skipBytes();
  }

  @Override
  public ByteBuffer readBytes(@Nullable ByteBuffer old) throws IOException {
    int length = length(readLong());
    int start = take(length);
    return ByteBuffer.wrap(Arrays.copyOfRange(bytes, start, start + length));
  }

  @Override
  public void skipBytes() throws IOException {
    take(length(readLong()));
  }

  @Override
  public void readFixed(byte[] target, int start, int length) throws IOException {
    System.arraycopy(bytes, take(length), target, start, length);
  }

  @Override
  public void skipFixed(int length) throws IOException {
    take(length);
  }

  @Override
  public int readEnum() throws IOException {
    return readInt();
  }

  @Override
  public int readIndex() throws IOException {
    return readInt();
  }

  @Override
  public long readArrayStart() throws IOException {
    return blockItems();
  }

  @Override
  public long arrayNext() throws IOException {
    return blockItems();
  }

  @Override
  public long skipArray() throws IOException {
    return skipBlocks();
  }

  @Override
  public long readMapStart() throws IOException {
    return blockItems();
  }

  @Override
  public long mapNext() throws IOException {
    return blockItems();
  }

  @Override
  public long skipMap() throws IOException {
    return skipBlocks();
  }

  private long blockItems() throws IOException {
    long items = readLong();
    if (items < 0) {
      length(readLong());
      items = -items;
    }
    return length(items);
  }

  /**
   * Skips blocks that say how many bytes they have; returns the items of the first that does not.
   */
  private long skipBlocks() throws IOException {
    long items = readLong();
    while (items < 0) {
      skipBytes();
      items = readLong();
    }
    return length(items);
  }

  private int length(long length) throws IOException {
    if (length < 0 || length > remainingBytes()) {
      throw new EOFException(
          "a length of %,d where %,d bytes are left".formatted(length, remainingBytes()));
    }
    return (int) length;
  }

  private int take(int length) throws IOException {
    length(length);
    int start = position;
    position += length;
    return start;
  }

  private ByteBuffer littleEndian(int start, int length) {
    return ByteBuffer.wrap(bytes, start, length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
