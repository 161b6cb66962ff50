package io.gibbon.topology.internals;

import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.jspecify.annotations.Nullable;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * Gives all RocksDB stores of the process one block cache, which write buffers are counted into
 * too: RocksDB's defaults reach about 98 MB for each store and partition. A full disk fails them.
 * Public, because Kafka Streams makes it by name.
 */
public final class RocksSettings implements RocksDBConfigSetter {

  /** Setting: bytes for all stores together. The first application of a process decides. */
  static final String BYTES = "gibbon.rocksdb.bytes";

  private static final double INDEX_SHARE = 0.1;
  private static final int WRITE_SHARE = 2;
  private static final long BLOCK_BYTES = 16 * 1024;
  private static final long WRITE_BUFFER_BYTES = 8 << 20;

  private static @Nullable Cache cache;
  private static @Nullable WriteBufferManager writeBuffers;
  private static @Nullable AbstractEventListener failWhenFull;

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    long bytes = Long.parseLong(String.valueOf(configs.get(BYTES)));
    BlockBasedTableConfig tables = (BlockBasedTableConfig) options.tableFormatConfig();
    synchronized (RocksSettings.class) {
      if (cache == null || writeBuffers == null || failWhenFull == null) {
        cache = new LRUCache(bytes, -1, false, INDEX_SHARE);
        writeBuffers = new WriteBufferManager(bytes / WRITE_SHARE, cache);
        failWhenFull = new FailWhenFull();
      }
      tables.setBlockCache(cache);
      options.setWriteBufferManager(writeBuffers);
      options.setListeners(List.of(failWhenFull));
    }
    tables.setCacheIndexAndFilterBlocks(true);
    tables.setCacheIndexAndFilterBlocksWithHighPriority(true);
    tables.setPinTopLevelIndexAndFilter(true);
    tables.setBlockSize(BLOCK_BYTES);
    options.setTableFormatConfig(tables);
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setMaxWriteBufferNumber(2);
  }

  /** What is shared outlives any one store. */
  @Override
  public void close(String store, Options options) {}
}
