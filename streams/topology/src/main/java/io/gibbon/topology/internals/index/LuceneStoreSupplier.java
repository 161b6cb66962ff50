package io.gibbon.topology.internals.index;

import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.index.IndexableField;

/**
 * Supplies Lucene stores to {@code Stores.keyValueStoreBuilder}, which puts Kafka's own changelog
 * wrapper around them.
 *
 * @param name the store's name
 * @param analyzer splits text fields into terms
 * @param searchable the fields that a value can be found by; called again when the store is
 *     restored
 */
public record LuceneStoreSupplier(
    String name, Analyzer analyzer, Function<byte[], List<? extends IndexableField>> searchable)
    implements KeyValueBytesStoreSupplier {

  @Override
  public KeyValueStore<Bytes, byte[]> get() {
    return new LuceneStore(name, analyzer, searchable);
  }

  @Override
  public String metricsScope() {
    return "lucene";
  }
}
