package io.gibbon.topology.internals.index;

import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.lucene.analysis.standard.StandardAnalyzer;

class LuceneStoreTest extends KeyValueStoreContract {

  @Override
  KeyValueStore<Bytes, byte[]> create() {
    return new LuceneStoreSupplier("my-store", new StandardAnalyzer(), value -> List.of()).get();
  }
}
