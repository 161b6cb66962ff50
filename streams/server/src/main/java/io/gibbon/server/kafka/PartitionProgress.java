package io.gibbon.server.kafka;

import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/**
 * Questions of one partition that are not committed yet, and how often each was begun. That travels
 * in the metadata of the committed offset, so that whoever takes the partition over knows which
 * attempt comes next and which questions are answered although older ones are not. Used by one
 * thread.
 *
 * <p>Metadata is a list such as {@code 0=2;1-7;9}, of distances from the committed offset: the
 * first question was begun twice, the eight others named are answered. A broker refuses more than
 * 4,096 bytes by default, so {@link #mayBegin} bounds the list.
 */
final class PartitionProgress {

  /** The rest of the broker's 4,096 is for attempts that need a second or third digit. */
  private static final int MOST_BYTES = 3000;

  private static final int LONGEST_ENTRY = 20;

  private final TreeMap<Long, Integer> attempts = new TreeMap<>();

  /** Ranges of answered questions, from first to last. */
  private final TreeMap<Long, Long> finished = new TreeMap<>();

  private final TreeSet<Long> unfinished = new TreeSet<>();
  private long next;

  /**
   * @param committed where the last owner stopped
   * @param metadata what it knew of questions from there on
   */
  PartitionProgress(long committed, String metadata) {
    this.next = committed;
    for (String entry : metadata.split(";")) {
      if (entry.matches("\\d{1,12}=\\d{1,6}")) {
        String[] parts = entry.split("=");
        attempts.put(committed + Long.parseLong(parts[0]), Integer.valueOf(parts[1]));
      } else if (entry.matches("\\d{1,12}(-\\d{1,12})?")) {
        String[] parts = entry.split("-");
        long first = Long.parseLong(parts[0]);
        long last = Long.parseLong(parts[parts.length - 1]);
        markFinished(committed + first, committed + Math.max(first, last));
      }
    }
  }

  /**
   * Notes a question that was read. Returns whether it is still to be answered. Offsets passed over
   * hold no questions.
   */
  boolean accept(long offset) {
    if (offset > next) {
      markFinished(next, offset - 1);
    }
    next = Math.max(next, offset + 1);
    Map.Entry<Long, Long> range = finished.floorEntry(offset);
    boolean open = range == null || range.getValue() < offset;
    if (open) {
      unfinished.add(offset);
    }
    return open;
  }

  /** Whether there is room in the metadata for a question that was never begun. */
  boolean hasRoom() {
    return metadata().length() + LONGEST_ENTRY <= MOST_BYTES;
  }

  /** Whether a question may begin now, or must wait until older ones are answered. */
  boolean mayBegin(long offset) {
    return attempts.containsKey(offset) || offset == start() || hasRoom();
  }

  /** Begins a question and returns which attempt at it this is, from 1. */
  int begin(long offset) {
    return attempts.merge(offset, 1, Integer::sum);
  }

  /** Notes that the last event of a question is written. */
  void finish(long offset) {
    unfinished.remove(offset);
    attempts.remove(offset);
    markFinished(offset, offset);
    attempts.headMap(start()).clear();
    finished.headMap(start()).values().removeIf(last -> last < start());
  }

  private void markFinished(long first, long last) {
    Map.Entry<Long, Long> before = finished.floorEntry(first);
    long from = first;
    if (before != null && before.getValue() >= first - 1) {
      from = before.getKey();
    }
    Long after = finished.remove(last + 1);
    finished.merge(from, after == null ? last : after, Math::max);
  }

  /** What to commit: everything before it is finished. */
  OffsetAndMetadata position() {
    return new OffsetAndMetadata(start(), metadata());
  }

  private String metadata() {
    long start = start();
    StringJoiner entries = new StringJoiner(";");
    attempts.tailMap(start).forEach((offset, begun) -> entries.add(offset - start + "=" + begun));
    finished
        .tailMap(start)
        .forEach(
            (first, last) ->
                entries.add(
                    first.equals(last)
                        ? Long.toString(first - start)
                        : first - start + "-" + (last - start)));
    return entries.toString();
  }

  private long start() {
    return unfinished.isEmpty() ? next : unfinished.first();
  }
}
