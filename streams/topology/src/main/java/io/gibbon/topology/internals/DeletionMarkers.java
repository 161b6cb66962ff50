package io.gibbon.topology.internals;

import io.gibbon.topology.DocumentId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** When deletion markers may be forgotten. In memory; filled again at start. Not thread-safe. */
final class DeletionMarkers {

  private record Marker(DocumentId document, long deleted) {}

  private final PriorityQueue<Marker> oldest =
      new PriorityQueue<>(Comparator.comparingLong(Marker::deleted));
  private final long retentionMillis;

  DeletionMarkers(Duration retention) {
    this.retentionMillis = retention.toMillis();
  }

  /** Remembers a marker set at a wall-clock time. */
  void add(DocumentId document, long deleted) {
    oldest.add(new Marker(document, deleted));
  }

  /** Takes out the markers that are old enough at a wall-clock time. */
  List<DocumentId> expired(long now) {
    List<DocumentId> expired = new ArrayList<>();
    while (!oldest.isEmpty() && isExpired(oldest.peek().deleted(), now)) {
      expired.add(oldest.remove().document());
    }
    return expired;
  }

  /** Whether a marker set at one time is old enough at another. */
  boolean isExpired(long deleted, long now) {
    return now - deleted >= retentionMillis;
  }
}
