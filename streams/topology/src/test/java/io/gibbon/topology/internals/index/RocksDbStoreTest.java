package io.gibbon.topology.internals.index;

import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Kafka's own store, which says what the contract is. */
class RocksDbStoreTest extends KeyValueStoreContract {

  @Override
  KeyValueStore<Bytes, byte[]> create() {
    return Stores.persistentKeyValueStore("my-store").get();
  }
}
