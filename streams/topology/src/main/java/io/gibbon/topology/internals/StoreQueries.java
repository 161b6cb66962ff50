package io.gibbon.topology.internals;

import io.gibbon.topology.StateUnavailableException;
import io.gibbon.topology.internals.index.LuceneQuery;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Queries over the stores of the partitions that are here. Every way in which a store cannot be
 * asked now is a {@link StateUnavailableException}. Thread-safe.
 *
 * <p>Kafka's own interactive queries answer for no partition while any partition of the same
 * process restores. They are the same reads of the same stores as these; only its {@code query}
 * locks a RocksDB store's position and then the store, while a put locks them the other way round,
 * and both threads wait for ever (seen with Kafka 4.3.1).
 */
final class StoreQueries {

  private final OpenStores open;
  private final int partitions;

  /** Queries of one application. */
  StoreQueries(OpenStores open, int partitions) {
    this.open = open;
    this.partitions = partitions;
  }

  /**
   * What the partitions of this process answered.
   *
   * @param results answers, in no order
   * @param complete whether all partitions answered
   */
  record Scattered<T>(List<T> results, boolean complete) {}

  /** Reads from one partition; the function may look up several keys. */
  <T extends @Nullable Object> T read(int partition, Function<Stores, T> reading) {
    Stores stores = open.of(partition);
    if (stores == null) {
      throw new StateUnavailableException(
          "partition %d is not here, or not restored yet".formatted(partition));
    }
    try {
      return reading.apply(stores);
    } catch (StreamsException | IllegalStateException e) {
      throw new StateUnavailableException(
          "partition %d cannot be read now: %s".formatted(partition, Reasons.of(e)));
    }
  }

  /**
   * Reads from all partitions that are here.
   *
   * @throws StateUnavailableException if none is
   */
  <T> Scattered<T> readAll(Function<Stores, List<T>> reading) {
    List<T> results = new ArrayList<>();
    StateUnavailableException last = null;
    int read = 0;
    for (int partition = 0; partition < partitions; partition++) {
      try {
        results.addAll(read(partition, reading));
        read++;
      } catch (StateUnavailableException e) {
        last = e;
      }
    }
    if (read == 0 && last != null) {
      throw last;
    }
    return new Scattered<>(results, read == partitions);
  }

  /**
   * The pairs of a store from one key to another, both included; null is no bound.
   *
   * @param limit the most pairs
   */
  static <V> List<KeyValue<Bytes, V>> range(
      ReadOnlyKeyValueStore<Bytes, V> store, @Nullable Bytes from, @Nullable Bytes to, int limit) {
    List<KeyValue<Bytes, V>> pairs = new ArrayList<>();
    try (KeyValueIterator<Bytes, V> range = store.range(from, to)) {
      while (pairs.size() < limit && range.hasNext()) {
        pairs.add(range.next());
      }
    }
    return pairs;
  }

  /**
   * Pairs of a store whose keys begin with a prefix, drawn by a seed. Which ones depends on the
   * seed and the keys, and not on what else there is but for their number: samples of several
   * stores make one of all, by {@link Drawn}'s order.
   *
   * @param limit the most pairs
   */
  static <V> List<Drawn<V>> sample(
      ReadOnlyKeyValueStore<Bytes, V> store, Bytes prefix, int limit, long seed) {
    Queue<Drawn<V>> drawn = new PriorityQueue<>(Comparator.reverseOrder());
    try (KeyValueIterator<Bytes, V> all = store.range(prefix, Bytes.increment(prefix))) {
      while (all.hasNext()) {
        drawn.add(Drawn.by(seed, all.next()));
        if (drawn.size() > limit) {
          drawn.remove();
        }
      }
    }
    return List.copyOf(drawn);
  }

  /**
   * A pair in the order in which a seed draws pairs.
   *
   * @param rank by its key and the seed; the least is drawn first
   */
  record Drawn<V>(long rank, KeyValue<Bytes, V> pair) implements Comparable<Drawn<V>> {

    private static <V> Drawn<V> by(long seed, KeyValue<Bytes, V> pair) {
      return new Drawn<>(
          new SplittableRandom(seed + Utils.murmur2(pair.key.get())).nextLong(), pair);
    }

    @Override
    public int compareTo(Drawn<V> other) {
      int byRank = Long.compare(rank, other.rank);
      return byRank == 0 ? pair.key.compareTo(other.pair.key) : byRank;
    }
  }

  /** What a partition's index finds. */
  static List<LuceneQuery.Hit> search(Stores stores, LuceneQuery query) {
    QueryResult<List<LuceneQuery.Hit>> result =
        stores.index().query(query, PositionBound.unbounded(), new QueryConfig(false));
    if (result.isFailure()) {
      throw new StateUnavailableException(
          "an index cannot be searched: " + result.getFailureMessage());
    }
    return result.getResult();
  }
}
