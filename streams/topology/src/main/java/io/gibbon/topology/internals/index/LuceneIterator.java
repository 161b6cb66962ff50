package io.gibbon.topology.internals.index;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * The pairs of a {@link LuceneStore} in the order of their keys, as the index stood when the
 * iterator was made. Keys are collected at once, values are read one by one. Not thread-safe.
 */
final class LuceneIterator implements KeyValueIterator<Bytes, byte[]> {

  private final SearcherManager searchers;
  private final IndexSearcher searcher;
  private final Iterator<Bytes> keys;
  private @Nullable KeyValue<Bytes, byte[]> next;
  private boolean closed;

  private LuceneIterator(SearcherManager searchers, IndexSearcher searcher, List<Bytes> keys) {
    this.searchers = searchers;
    this.searcher = searcher;
    this.keys = keys.iterator();
  }

  /** Pairs from one key to another, both included; null is no bound. */
  static LuceneIterator range(
      SearcherManager searchers,
      IndexSearcher searcher,
      @Nullable Bytes from,
      @Nullable Bytes to,
      boolean reverse)
      throws IOException {
    List<Bytes> keys = keys(searcher, from, key -> to == null || key.compareTo(to) <= 0);
    if (reverse) {
      Collections.reverse(keys);
    }
    return new LuceneIterator(searchers, searcher, keys);
  }

  /** Pairs whose key begins with a prefix. */
  static LuceneIterator prefix(SearcherManager searchers, IndexSearcher searcher, Bytes prefix)
      throws IOException {
    int length = prefix.get().length;
    Predicate<Bytes> begins =
        key ->
            key.get().length >= length
                && Arrays.equals(key.get(), 0, length, prefix.get(), 0, length);
    return new LuceneIterator(searchers, searcher, keys(searcher, prefix, begins));
  }

  private static List<Bytes> keys(
      IndexSearcher searcher, @Nullable Bytes from, Predicate<Bytes> included) throws IOException {
    List<Bytes> keys = new ArrayList<>();
    Terms terms = MultiTerms.getTerms(searcher.getIndexReader(), LuceneStore.KEY);
    if (terms == null) {
      return keys;
    }
    TermsEnum iterator = terms.iterator();
    BytesRef term = first(iterator, from);
    while (term != null) {
      Bytes key = Bytes.wrap(BytesRef.deepCopyOf(term).bytes);
      if (!included.test(key)) {
        break;
      }
      keys.add(key);
      term = iterator.next();
    }
    return keys;
  }

  private static @Nullable BytesRef first(TermsEnum iterator, @Nullable Bytes from)
      throws IOException {
    if (from == null) {
      return iterator.next();
    }
    boolean end = iterator.seekCeil(new BytesRef(from.get())) == TermsEnum.SeekStatus.END;
    return end ? null : iterator.term();
  }

  /** The value of a key, or null. */
  static byte @Nullable [] value(IndexSearcher searcher, BytesRef key) throws IOException {
    ScoreDoc[] docs = searcher.search(new TermQuery(new Term(LuceneStore.KEY, key)), 1).scoreDocs;
    return docs.length == 0 ? null : value(searcher, docs[0].doc);
  }

  /** The value in a Lucene document. */
  static byte[] value(IndexSearcher searcher, int doc) throws IOException {
    BytesRef value = searcher.storedFields().document(doc).getBinaryValue(LuceneStore.VALUE);
    return Arrays.copyOfRange(value.bytes, value.offset, value.offset + value.length);
  }

  @Override
  public boolean hasNext() {
    while (next == null && !closed && keys.hasNext()) {
      next = read(keys.next());
    }
    return next != null && !closed;
  }

  /** The pair of a key; null for a key whose document is deleted but not yet merged away. */
  private @Nullable KeyValue<Bytes, byte[]> read(Bytes key) {
    try {
      byte[] value = value(searcher, new BytesRef(key.get()));
      return value == null ? null : KeyValue.pair(key, value);
    } catch (IOException e) {
      throw new ProcessorStateException("Error reading from the index", e);
    }
  }

  @Override
  public KeyValue<Bytes, byte[]> next() {
    KeyValue<Bytes, byte[]> pair = peek();
    next = null;
    return pair;
  }

  @Override
  public Bytes peekNextKey() {
    return peek().key;
  }

  private KeyValue<Bytes, byte[]> peek() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    return next;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        searchers.release(searcher);
      } catch (IOException e) {
        throw new ProcessorStateException("Error closing an iterator of the index", e);
      }
    }
  }
}
