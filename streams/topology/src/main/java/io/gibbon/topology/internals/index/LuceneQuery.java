package io.gibbon.topology.internals.index;

import java.util.List;
import org.apache.kafka.streams.query.Query;

/**
 * The interactive query of a {@link LuceneStore}: the stored pairs that match best.
 *
 * @param query what to look for
 * @param limit the most hits of one partition, at least 1
 */
public record LuceneQuery(org.apache.lucene.search.Query query, int limit)
    implements Query<List<LuceneQuery.Hit>> {

  /**
   * One stored value that matches.
   *
   * @param value as it was put
   * @param score BM25, from the statistics of its own partition
   */
  public record Hit(byte[] value, double score) {}
}
