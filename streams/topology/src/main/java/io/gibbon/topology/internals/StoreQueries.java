package io.gibbon.topology.internals;

import io.gibbon.topology.StateUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Interactive queries over the active stores of this process. Every way in which a store cannot be
 * asked now is a {@link StateUnavailableException}. Thread-safe.
 *
 * <p>Keys are looked up through {@code KafkaStreams.store} and not through {@code
 * KafkaStreams.query}: the latter locks a RocksDB store's position and then the store, a put locks
 * them the other way round, and both threads wait for ever (seen with Kafka 4.3.1).
 */
final class StoreQueries {

  private final KafkaStreams streams;
  private final int partitions;

  /** Queries of one application. */
  StoreQueries(KafkaStreams streams, int partitions) {
    this.streams = streams;
    this.partitions = partitions;
  }

  /**
   * What the partitions of this process answered.
   *
   * @param results answers, in no order
   * @param complete whether all partitions answered
   */
  record Scattered<T>(List<T> results, boolean complete) {}

  /** Reads from one partition of a store; the function may be given several keys to look up. */
  <V, T extends @Nullable Object> T read(
      String store, int partition, Function<ReadOnlyKeyValueStore<Bytes, V>, T> reading) {
    try {
      return reading.apply(
          streams.store(
              StoreQueryParameters.fromNameAndType(
                      store, QueryableStoreTypes.<Bytes, V>keyValueStore())
                  .withPartition(partition)));
    } catch (StreamsException | IllegalStateException e) {
      throw new StateUnavailableException(
          "partition %d of %s cannot be read now: %s".formatted(partition, store, Reasons.of(e)));
    }
  }

  /** The value of a key, or null. */
  <V> @Nullable V get(String store, Bytes key, int partition) {
    return this.<V, @Nullable V>read(store, partition, values -> values.get(key));
  }

  /**
   * The pairs of one partition from one key to another, both included; null is no bound.
   *
   * @param limit the most pairs
   */
  <V> List<KeyValue<Bytes, V>> range(
      String store, @Nullable Bytes from, @Nullable Bytes to, int limit, int partition) {
    return this.<V, List<KeyValue<Bytes, V>>>read(
        store,
        partition,
        values -> {
          List<KeyValue<Bytes, V>> pairs = new ArrayList<>();
          try (KeyValueIterator<Bytes, V> range = values.range(from, to)) {
            while (pairs.size() < limit && range.hasNext()) {
              pairs.add(range.next());
            }
          }
          return pairs;
        });
  }

  /**
   * The pairs of all partitions that can be read here from one key to another, both included; null
   * is no bound.
   *
   * @param limit the most pairs of one partition
   * @throws StateUnavailableException if no partition can be read here
   */
  <V> Scattered<KeyValue<Bytes, V>> rangeOfAll(
      String store, @Nullable Bytes from, @Nullable Bytes to, int limit) {
    List<KeyValue<Bytes, V>> pairs = new ArrayList<>();
    StateUnavailableException last = null;
    int read = 0;
    for (int partition = 0; partition < partitions; partition++) {
      try {
        pairs.addAll(this.<V>range(store, from, to, limit, partition));
        read++;
      } catch (StateUnavailableException e) {
        last = e;
      }
    }
    if (read == 0 && last != null) {
      throw last;
    }
    return new Scattered<>(pairs, read == partitions);
  }

  /**
   * Asks all partitions of this process; those that move or restore do not answer.
   *
   * @throws StateUnavailableException if no partition answers
   */
  <T> Scattered<T> scatter(String store, Query<T> query) {
    StateQueryRequest<T> request =
        StateQueryRequest.inStore(store).withQuery(query).withAllPartitions().requireActive();
    List<T> results = new ArrayList<>();
    try {
      for (QueryResult<T> result : streams.query(request).getPartitionResults().values()) {
        if (result.isSuccess()) {
          results.add(result.getResult());
        }
      }
    } catch (StreamsException | IllegalStateException e) {
      throw new StateUnavailableException(store + " cannot be read now: " + Reasons.of(e));
    }
    if (results.isEmpty()) {
      throw new StateUnavailableException("no partition of " + store + " can be read here now");
    }
    return new Scattered<>(results, results.size() == partitions);
  }
}
