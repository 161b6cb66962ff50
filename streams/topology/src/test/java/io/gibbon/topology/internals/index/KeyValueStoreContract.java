package io.gibbon.topology.internals.index;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.BytesSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.apache.kafka.streams.query.KeyQuery;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.RangeQuery;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Kafka Streams expects of a persistent store that manages its offsets. */
abstract class KeyValueStoreContract {

  private static final TopicPartition CHANGELOG = new TopicPartition("app-my-store-changelog", 3);

  @TempDir Path stateDir;

  private KeyValueStore<Bytes, byte[]> store;
  private StoreContext context;

  /** A new store, not opened yet; all of one test have the same name. */
  abstract KeyValueStore<Bytes, byte[]> create();

  @BeforeEach
  void open() {
    open(StreamsConfig.AT_LEAST_ONCE);
  }

  private void open(String guarantee) {
    context = new StoreContext(stateDir, guarantee);
    store = create();
    store.init(context.context(), store);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void whatIsPutIsGot() {
    put("a", "1");
    assertThat(get("a")).isEqualTo("1");
    put("a", "2");
    assertThat(get("a")).isEqualTo("2");
    assertThat(get("b")).isNull();
  }

  @Test
  void aNullValueDeletes() {
    put("a", "1");
    store.put(bytes("a"), null);
    assertThat(get("a")).isNull();
    assertThat(entries(store.all())).isEmpty();
  }

  @Test
  void deleteReturnsWhatWasThere() {
    put("a", "1");
    assertThat(store.delete(bytes("a"))).isEqualTo("1".getBytes(UTF_8));
    assertThat(store.delete(bytes("a"))).isNull();
    assertThat(get("a")).isNull();
  }

  @Test
  void putIfAbsentKeepsWhatIsThere() {
    assertThat(store.putIfAbsent(bytes("a"), "1".getBytes(UTF_8))).isNull();
    assertThat(store.putIfAbsent(bytes("a"), "2".getBytes(UTF_8))).isEqualTo("1".getBytes(UTF_8));
    assertThat(get("a")).isEqualTo("1");
  }

  @Test
  void putAllPutsAll() {
    store.putAll(
        List.of(
            KeyValue.pair(bytes("a"), "1".getBytes(UTF_8)),
            KeyValue.pair(bytes("b"), "2".getBytes(UTF_8))));
    assertThat(entries(store.all())).containsExactly("a=1", "b=2");
  }

  @Test
  void rangesAreInTheOrderOfKeysAndIncludeBothEnds() {
    for (String key : List.of("d", "a", "c", "b", "e")) {
      put(key, key);
    }
    store.put(bytes("c"), null);
    assertThat(entries(store.range(bytes("b"), bytes("d")))).containsExactly("b=b", "d=d");
    assertThat(entries(store.range(null, bytes("b")))).containsExactly("a=a", "b=b");
    assertThat(entries(store.range(bytes("d"), null))).containsExactly("d=d", "e=e");
    assertThat(entries(store.reverseRange(bytes("a"), bytes("d"))))
        .containsExactly("d=d", "b=b", "a=a");
    assertThat(entries(store.reverseAll())).containsExactly("e=e", "d=d", "b=b", "a=a");
    assertThat(entries(store.range(bytes("x"), bytes("z")))).isEmpty();
  }

  @Test
  void keysAreComparedAsUnsignedBytes() {
    store.put(Bytes.wrap(new byte[] {(byte) 0xff}), new byte[] {1});
    store.put(Bytes.wrap(new byte[] {0, 0}), new byte[] {2});
    store.put(Bytes.wrap(new byte[] {0}), new byte[] {3});
    List<Byte> order = new ArrayList<>();
    try (KeyValueIterator<Bytes, byte[]> all = store.all()) {
      all.forEachRemaining(pair -> order.add(pair.value[0]));
    }
    assertThat(order).containsExactly((byte) 3, (byte) 2, (byte) 1);
  }

  @Test
  void prefixesAreFound() {
    for (String key : List.of("a", "ab", "abc", "b")) {
      put(key, key);
    }
    assertThat(entries(store.prefixScan(bytes("ab"), new BytesSerializer())))
        .containsExactly("ab=ab", "abc=abc");
  }

  @Test
  void anIteratorSeesWhatWasThereWhenItWasMade() {
    put("a", "1");
    try (KeyValueIterator<Bytes, byte[]> all = store.all()) {
      put("b", "2");
      assertThat(all.peekNextKey()).isEqualTo(bytes("a"));
      assertThat(all.next().key).isEqualTo(bytes("a"));
      assertThat(all.hasNext()).isFalse();
    }
  }

  @Test
  void interactiveQueriesAreAnswered() {
    put("a", "1");
    put("b", "2");
    QueryResult<byte[]> one = query(KeyQuery.withKey(bytes("a")));
    assertThat(one.getResult()).isEqualTo("1".getBytes(UTF_8));
    QueryResult<KeyValueIterator<Bytes, byte[]>> all = query(RangeQuery.withNoBounds());
    assertThat(entries(all.getResult())).containsExactly("a=1", "b=2");
    QueryResult<KeyValueIterator<Bytes, byte[]>> lower =
        query(RangeQuery.withLowerBound(bytes("b")));
    assertThat(entries(lower.getResult())).containsExactly("b=2");
  }

  private <R> QueryResult<R> query(org.apache.kafka.streams.query.Query<R> query) {
    return store.query(query, PositionBound.unbounded(), new QueryConfig(false));
  }

  @Test
  void whatIsCommittedOutlivesAnOrderlyClose() {
    put("a", "1");
    store.commit(Map.of(CHANGELOG, 42L));
    store.close();
    open(StreamsConfig.AT_LEAST_ONCE);
    assertThat(get("a")).isEqualTo("1");
    assertThat(store.committedOffset(CHANGELOG)).isEqualTo(42);
  }

  @Test
  void anEmptyCommitForgetsTheOffsets() {
    store.commit(Map.of(CHANGELOG, 42L));
    store.commit(Map.of());
    assertThat(store.committedOffset(CHANGELOG)).isNull();
    store.close();
    open(StreamsConfig.AT_LEAST_ONCE);
    assertThat(store.committedOffset(CHANGELOG)).isNull();
  }

  @Test
  void theChangelogRestoresIt() {
    context.restore(
        List.of(
            KeyValue.pair("a".getBytes(UTF_8), "1".getBytes(UTF_8)),
            KeyValue.pair("b".getBytes(UTF_8), "2".getBytes(UTF_8)),
            KeyValue.pair("a".getBytes(UTF_8), null)));
    assertThat(entries(store.all())).containsExactly("b=2");
  }

  @Test
  void underExactlyOnceAStoreThatWasNotClosedIsAtItsLastCommitOrCorrupted() throws Exception {
    put("a", "1");
    store.commit(Map.of(CHANGELOG, 42L));
    store.close();
    open(StreamsConfig.EXACTLY_ONCE_V2);
    put("a", "2");
    put("b", "2");
    try (CopiedState copy = CopiedState.of(stateDir)) {
      StoreContext elsewhere = new StoreContext(copy.path(), StreamsConfig.EXACTLY_ONCE_V2);
      KeyValueStore<Bytes, byte[]> killed = create();
      try {
        killed.init(elsewhere.context(), killed);
      } catch (TaskCorruptedException e) {
        return;
      }
      assertThat(entries(killed.all())).containsExactly("a=1");
      assertThat(killed.committedOffset(CHANGELOG)).isEqualTo(42);
      killed.close();
    }
  }

  @Test
  void aClosedStoreSaysSo() {
    assertThat(store.isOpen()).isTrue();
    store.close();
    store.close();
    assertThat(store.isOpen()).isFalse();
    assertThatThrownBy(() -> get("a")).isInstanceOf(InvalidStateStoreException.class);
  }

  private void put(String key, String value) {
    store.put(bytes(key), value.getBytes(UTF_8));
  }

  private String get(String key) {
    byte[] value = store.get(bytes(key));
    return value == null ? null : new String(value, UTF_8);
  }

  private static List<String> entries(KeyValueIterator<Bytes, byte[]> iterator) {
    List<String> entries = new ArrayList<>();
    try (iterator) {
      iterator.forEachRemaining(
          pair ->
              entries.add(new String(pair.key.get(), UTF_8) + "=" + new String(pair.value, UTF_8)));
    }
    return entries;
  }

  private static Bytes bytes(String text) {
    return Bytes.wrap(text.getBytes(UTF_8));
  }
}
