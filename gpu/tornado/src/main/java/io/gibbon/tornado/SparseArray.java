package io.gibbon.tornado;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Arrays that live on the device alone: on the host they have addresses, but take no memory. */
final class SparseArray {

  private SparseArray() {}

  /**
   * An array of floats.
   *
   * @throws UncheckedIOException if there is no address space for it
   */
  static FloatArray floats(int size) {
    return FloatArray.fromSegmentShallow(mapped((long) size * Float.BYTES));
  }

  /**
   * An array of bytes.
   *
   * @throws UncheckedIOException if there is no address space for it
   */
  static ByteArray bytes(int size) {
    return ByteArray.fromSegmentShallow(mapped(size));
  }

  /** Mapped from a file without content that is deleted at once. */
  private static MemorySegment mapped(long size) {
    long bytes = TornadoNativeArray.ARRAY_HEADER + size;
    try {
      Path file = Files.createTempFile("gibbon-device-", ".map");
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE)) {
        return channel.map(MapMode.PRIVATE, 0, bytes, Arena.ofAuto());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("no address space for the device's pages", e);
    }
  }
}
