package io.gibbon.topology.internals;

import io.gibbon.topology.StateUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.query.KeyQuery;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.RangeQuery;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.apache.kafka.streams.query.StateQueryResult;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * Interactive queries over the active stores of this process. Every way in which a store cannot be
 * asked now is a {@link StateUnavailableException}. Thread-safe.
 */
public final class StoreQueries {

  private final KafkaStreams streams;

  /** Queries of one application. */
  public StoreQueries(KafkaStreams streams) {
    this.streams = streams;
  }

  /**
   * What the partitions of this process answered.
   *
   * @param results answers, in no order
   * @param partitions how many there are
   */
  record Scattered<T>(List<T> results, int partitions) {}

  /** The value of a key, or null. */
  <V> @Nullable V get(String store, Bytes key, int partition) {
    Query<V> query = KeyQuery.withKey(key);
    return one(store, query, partition).getResult();
  }

  /** The pairs of one partition from one key to another, both included. */
  <V> List<KeyValue<Bytes, V>> range(String store, Bytes from, Bytes to, int partition) {
    Query<KeyValueIterator<Bytes, V>> query = RangeQuery.withRange(from, to);
    List<KeyValue<Bytes, V>> pairs = new ArrayList<>();
    collect(one(store, query, partition).getResult(), pairs, Integer.MAX_VALUE);
    return pairs;
  }

  /**
   * The pairs of all partitions of this process from one key to another, both included; null is no
   * bound.
   *
   * @param limit the most pairs of one partition
   */
  <V> List<KeyValue<Bytes, V>> rangeOfAll(
      String store, @Nullable Bytes from, @Nullable Bytes to, int limit) {
    Query<KeyValueIterator<Bytes, V>> query = RangeQuery.withRange(from, to);
    List<KeyValue<Bytes, V>> pairs = new ArrayList<>();
    for (KeyValueIterator<Bytes, V> iterator : scatter(store, query).results()) {
      collect(iterator, pairs, pairs.size() + (long) limit);
    }
    return pairs;
  }

  private static <V> void collect(
      KeyValueIterator<Bytes, V> iterator, List<KeyValue<Bytes, V>> pairs, long size) {
    try (iterator) {
      while (pairs.size() < size && iterator.hasNext()) {
        pairs.add(iterator.next());
      }
    }
  }

  /** Asks all partitions of this process; those that move or restore do not answer. */
  <T> Scattered<T> scatter(String store, Query<T> query) {
    StateQueryRequest<T> request =
        StateQueryRequest.inStore(store).withQuery(query).withAllPartitions().requireActive();
    List<T> results = new ArrayList<>();
    for (QueryResult<T> result : ask(store, request).values()) {
      if (result.isSuccess()) {
        results.add(result.getResult());
      }
    }
    return new Scattered<>(results, results.size());
  }

  private <T> QueryResult<T> one(String store, Query<T> query, int partition) {
    StateQueryRequest<T> request =
        StateQueryRequest.inStore(store)
            .withQuery(query)
            .withPartitions(Set.of(partition))
            .requireActive();
    QueryResult<T> result = ask(store, request).get(partition);
    if (result == null || result.isFailure()) {
      throw new StateUnavailableException(
          "partition %d of %s is not here now%s"
              .formatted(
                  partition,
                  store,
                  Optional.ofNullable(result)
                      .map(failure -> " (" + failure.getFailureReason() + ")")
                      .orElse("")));
    }
    return result;
  }

  private <T> Map<Integer, QueryResult<T>> ask(String store, StateQueryRequest<T> request) {
    try {
      StateQueryResult<T> answer = streams.query(request);
      return answer.getPartitionResults();
    } catch (StreamsException | IllegalStateException e) {
      throw new StateUnavailableException(store + " cannot be read now: " + Reasons.of(e));
    }
  }
}
