package io.gibbon.topology.internals.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.processor.BatchingStateRestoreCallback;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.FailureReason;
import org.apache.kafka.streams.query.KeyQuery;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.RangeQuery;
import org.apache.kafka.streams.query.ResultOrder;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.IndexableField;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * A persistent key-value store in a Lucene index, so that what is stored can also be searched
 * ({@link LuceneQuery}). It keeps Kafka's rules for a store that manages its offsets: changelog
 * offsets go into Lucene's commit data, which Lucene writes atomically with the documents, and
 * nothing is committed but in {@link #commit}, which Kafka Streams calls only when what was written
 * is committed in Kafka too. So an index that was not closed is at its last commit when it is
 * opened, offsets and all, and is restored from there; it needs no mark that tells an unclean end,
 * which RocksDB needs because it flushes between commits.
 *
 * <p>Written by one stream thread; read by any number of threads, which see every earlier write.
 */
final class LuceneStore implements KeyValueStore<Bytes, byte[]> {

  /** Field of a pair's key. */
  static final String KEY = "_key";

  /** Field of a pair's value. */
  static final String VALUE = "_value";

  private static final double BUFFER_MIB = 8;

  private final String name;
  private final Analyzer analyzer;
  private final Function<byte[], List<? extends IndexableField>> searchable;

  private @Nullable StateStoreContext context;
  private CommittedOffsets offsets = new CommittedOffsets(null);
  private long touched = System.nanoTime() - LiveDirectory.INTERVAL.toNanos();
  private @Nullable Directory directory;
  private @Nullable IndexWriter writer;
  private volatile @Nullable SearcherManager searchers;
  private volatile boolean open;

  LuceneStore(
      String name, Analyzer analyzer, Function<byte[], List<? extends IndexableField>> searchable) {
    this.name = name;
    this.analyzer = analyzer;
    this.searchable = searchable;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    this.context = context;
    Path path = context.stateDir().toPath().resolve("lucene").resolve(name);
    try {
      openIndex(path);
    } catch (IOException e) {
      closeIndex();
      throw new ProcessorStateException("Error opening store " + name + " at " + path, e);
    }
    Path task = context.stateDir().toPath();
    context.register(root, (BatchingStateRestoreCallback) records -> restore(task, records));
  }

  private void openIndex(Path path) throws IOException {
    Files.createDirectories(path);
    directory = FSDirectory.open(path);
    IndexWriterConfig config =
        new IndexWriterConfig(analyzer)
            .setOpenMode(IndexWriterConfig.OpenMode.CREATE_OR_APPEND)
            .setCommitOnClose(false)
            .setRAMBufferSizeMB(BUFFER_MIB);
    writer = new IndexWriter(directory, config);
    searchers = new SearcherManager(writer, null);
    offsets = new CommittedOffsets(writer.getLiveCommitData());
    open = true;
  }

  private void restore(Path task, Collection<KeyValue<byte[], byte[]>> records) {
    long now = System.nanoTime();
    if (now - touched >= LiveDirectory.INTERVAL.toNanos()) {
      touched = now;
      LiveDirectory.touch(task);
    }
    for (KeyValue<byte[], byte[]> record : records) {
      write(record.key, record.value);
    }
  }

  @Override
  public void put(Bytes key, byte @Nullable [] value) {
    Objects.requireNonNull(key, "key cannot be null");
    requireOpen();
    write(key.get(), value);
    updatePosition();
  }

  private void write(byte[] key, byte @Nullable [] value) {
    Term term = new Term(KEY, new BytesRef(key));
    try {
      if (value == null) {
        writer().deleteDocuments(term);
      } else {
        writer().updateDocument(term, document(key, value));
      }
    } catch (IOException e) {
      throw new ProcessorStateException("Error writing to store " + name, e);
    }
  }

  private Document document(byte[] key, byte[] value) {
    Document document = new Document();
    document.add(new StringField(KEY, new BytesRef(key), Field.Store.YES));
    document.add(new StoredField(VALUE, value));
    searchable.apply(value).forEach(document::add);
    return document;
  }

  private void updatePosition() {
    if (context != null) {
      context.recordMetadata().ifPresent(offsets::advance);
    }
  }

  @Override
  public byte @Nullable [] putIfAbsent(Bytes key, byte @Nullable [] value) {
    byte[] existing = get(key);
    if (existing == null && value != null) {
      put(key, value);
    }
    return existing;
  }

  @Override
  public void putAll(List<KeyValue<Bytes, byte[]>> entries) {
    entries.forEach(entry -> put(entry.key, entry.value));
  }

  @Override
  public byte @Nullable [] delete(Bytes key) {
    byte[] existing = get(key);
    put(key, null);
    return existing;
  }

  @Override
  public byte @Nullable [] get(Bytes key) {
    Objects.requireNonNull(key, "key cannot be null");
    return read(searcher -> LuceneIterator.value(searcher, new BytesRef(key.get())));
  }

  @Override
  public KeyValueIterator<Bytes, byte[]> range(@Nullable Bytes from, @Nullable Bytes to) {
    return iterate(from, to, false);
  }

  @Override
  public KeyValueIterator<Bytes, byte[]> reverseRange(@Nullable Bytes from, @Nullable Bytes to) {
    return iterate(from, to, true);
  }

  @Override
  public KeyValueIterator<Bytes, byte[]> all() {
    return iterate(null, null, false);
  }

  @Override
  public KeyValueIterator<Bytes, byte[]> reverseAll() {
    return iterate(null, null, true);
  }

  @Override
  public <S extends Serializer<P>, P> KeyValueIterator<Bytes, byte[]> prefixScan(
      P prefix, S serializer) {
    Bytes from = Bytes.wrap(serializer.serialize(null, prefix));
    return acquire((manager, searcher) -> LuceneIterator.prefix(manager, searcher, from));
  }

  private KeyValueIterator<Bytes, byte[]> iterate(
      @Nullable Bytes from, @Nullable Bytes to, boolean reverse) {
    return acquire(
        (manager, searcher) -> LuceneIterator.range(manager, searcher, from, to, reverse));
  }

  @Override
  public long approximateNumEntries() {
    return read(searcher -> (long) searcher.getIndexReader().numDocs());
  }

  @Override
  @SuppressWarnings("unchecked")
  public <R> QueryResult<R> query(Query<R> query, PositionBound bound, QueryConfig config) {
    if (!bound.isUnbounded()) {
      return QueryResult.forFailure(
          FailureReason.NOT_UP_TO_BOUND, "bounded positions are not supported by " + name);
    }
    try {
      return switch (query) {
        case LuceneQuery search -> (QueryResult<R>) QueryResult.forResult(search(search));
        case KeyQuery<?, ?> one ->
            (QueryResult<R>) QueryResult.forResult(get((Bytes) one.getKey()));
        case RangeQuery<?, ?> range -> (QueryResult<R>) QueryResult.forResult(range(range));
        default -> QueryResult.forUnknownQueryType(query, this);
      };
    } catch (InvalidStateStoreException | ProcessorStateException e) {
      return QueryResult.forFailure(FailureReason.STORE_EXCEPTION, e.getMessage());
    }
  }

  private KeyValueIterator<Bytes, byte[]> range(RangeQuery<?, ?> query) {
    return iterate(
        (Bytes) query.getLowerBound().orElse(null),
        (Bytes) query.getUpperBound().orElse(null),
        query.resultOrder() == ResultOrder.DESCENDING);
  }

  private List<LuceneQuery.Hit> search(LuceneQuery query) {
    return read(
        searcher -> {
          List<LuceneQuery.Hit> hits = new ArrayList<>();
          for (ScoreDoc doc : searcher.search(query.query(), query.limit()).scoreDocs) {
            hits.add(new LuceneQuery.Hit(LuceneIterator.value(searcher, doc.doc), doc.score));
          }
          return hits;
        });
  }

  /** Something that is read from one view of the index. */
  private interface Reading<T extends @Nullable Object> {
    T from(IndexSearcher searcher) throws IOException;
  }

  private <T extends @Nullable Object> T read(Reading<T> reading) {
    return with(
        (manager, searcher) -> {
          try {
            return reading.from(searcher);
          } finally {
            manager.release(searcher);
          }
        });
  }

  /** Something that is made of a view of the index and releases it when it is closed. */
  private interface Acquiring<T extends @Nullable Object> {
    T from(SearcherManager manager, IndexSearcher searcher) throws IOException;
  }

  private <T> T acquire(Acquiring<T> acquiring) {
    return with(
        (manager, searcher) -> {
          try {
            return acquiring.from(manager, searcher);
          } catch (IOException | RuntimeException | Error e) {
            manager.release(searcher);
            throw e;
          }
        });
  }

  /**
   * Hands over a fresh view, to be released to the manager it is from: the store may be closed
   * meanwhile, which forgets the manager but leaves views that are in use open.
   */
  private <T extends @Nullable Object> T with(Acquiring<T> use) {
    requireOpen();
    SearcherManager manager = searchers();
    try {
      return use.from(manager, freshSearcher(manager));
    } catch (IOException e) {
      throw new ProcessorStateException("Error reading from store " + name, e);
    }
  }

  private IndexSearcher freshSearcher(SearcherManager manager) throws IOException {
    try {
      manager.maybeRefreshBlocking();
      return manager.acquire();
    } catch (org.apache.lucene.store.AlreadyClosedException e) {
      throw new InvalidStateStoreException("Store " + name + " is currently closed", e);
    }
  }

  @Override
  public void commit(Map<TopicPartition, Long> changelogOffsets) {
    if (!open) {
      return;
    }
    offsets.set(changelogOffsets);
    try {
      writer().setLiveCommitData(offsets.commitData());
      writer().commit();
    } catch (IOException e) {
      throw new ProcessorStateException("Error committing store " + name, e);
    }
  }

  @Override
  public @Nullable Long committedOffset(TopicPartition partition) {
    return offsets.get(partition);
  }

  @Override
  @Deprecated
  public boolean managesOffsets() {
    return true;
  }

  @Override
  public Position getPosition() {
    return offsets.position();
  }

  @Override
  public boolean persistent() {
    return true;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    if (!open) {
      return;
    }
    closeIndex();
  }

  private void closeIndex() {
    try (Directory closedLast = directory;
        IndexWriter closedSecond = writer;
        SearcherManager closedFirst = searchers) {
      open = false;
    } catch (IOException e) {
      throw new ProcessorStateException("Error closing store " + name, e);
    } finally {
      directory = null;
      writer = null;
      searchers = null;
    }
  }

  private void requireOpen() {
    if (!open) {
      throw new InvalidStateStoreException("Store " + name + " is currently closed");
    }
  }

  private IndexWriter writer() {
    return opened(writer);
  }

  private SearcherManager searchers() {
    return opened(searchers);
  }

  private <T> T opened(@Nullable T resource) {
    if (resource == null) {
      throw new InvalidStateStoreException("Store " + name + " is currently closed");
    }
    return resource;
  }
}
