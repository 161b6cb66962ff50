package io.gibbon.topology.internals;

import io.gibbon.runtime.kv.KvStates;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** CRC-32C of pages, as manifests list them. */
final class PageChecksums {

  private PageChecksums() {}

  /** Of every page of a context, in order. */
  static List<Integer> of(KvStates states) {
    List<Integer> checksums = new ArrayList<>(states.pageCount());
    long size = states.memory().byteSize();
    for (long offset = 0; offset < size; offset += KvStates.PAGE_BYTES) {
      long length = Math.min(KvStates.PAGE_BYTES, size - offset);
      checksums.add(of(states.memory().asSlice(offset, length).asByteBuffer()));
    }
    return checksums;
  }

  /** Of one page. */
  static int of(ByteBuffer page) {
    CRC32C checksum = new CRC32C();
    checksum.update(page.duplicate());
    return (int) checksum.getValue();
  }
}
