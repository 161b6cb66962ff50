package io.gibbon.topology.internals.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LuceneStoreTest extends KeyValueStoreContract {

  @Override
  KeyValueStore<Bytes, byte[]> create() {
    return new LuceneStoreSupplier("my-store", new StandardAnalyzer(), value -> List.of()).get();
  }

  @Test
  void aViewIsReleasedAlsoWhenTheStoreIsClosedMeanwhile(@TempDir Path directory) {
    AtomicReference<KeyValueStore<Bytes, byte[]>> store = new AtomicReference<>();
    AtomicReference<IndexReader> reader = new AtomicReference<>();
    Query closing =
        new Query() {
          @Override
          public Query rewrite(IndexSearcher searcher) {
            reader.set(searcher.getIndexReader());
            store.get().close();
            return new MatchNoDocsQuery();
          }

          @Override
          public String toString(String field) {
            return "closing";
          }

          @Override
          public void visit(QueryVisitor visitor) {}

          @Override
          public boolean equals(Object other) {
            return this == other;
          }

          @Override
          public int hashCode() {
            return 1;
          }
        };
    store.set(create());
    store
        .get()
        .init(new StoreContext(directory, StreamsConfig.AT_LEAST_ONCE).context(), store.get());
    store
        .get()
        .query(new LuceneQuery(closing, 1), PositionBound.unbounded(), new QueryConfig(false));
    assertThat(reader.get().getRefCount()).isZero();
  }
}
