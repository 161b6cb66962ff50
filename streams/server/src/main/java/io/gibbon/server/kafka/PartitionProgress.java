package io.gibbon.server.kafka;

import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/**
 * Questions of one partition that are not committed yet, and how often each was begun. That travels
 * in the metadata of the committed offset, so that whoever takes the partition over knows which
 * attempt comes next and which questions are answered although older ones are not. Used by one
 * thread.
 */
final class PartitionProgress {

  private static final int FINISHED = 0;

  private final TreeMap<Long, Integer> attempts = new TreeMap<>();
  private final TreeSet<Long> unfinished = new TreeSet<>();
  private long next;

  /**
   * @param committed where the last owner stopped
   * @param metadata what it knew of questions from there on
   */
  PartitionProgress(long committed, String metadata) {
    this.next = committed;
    for (String entry : metadata.split(";")) {
      if (entry.matches("\\d{1,18}=\\d{1,6}")) {
        int sign = entry.indexOf('=');
        attempts.put(
            Long.valueOf(entry.substring(0, sign)), Integer.valueOf(entry.substring(sign + 1)));
      }
    }
  }

  /** Notes a question that was read. Returns whether it is still to be answered. */
  boolean accept(long offset) {
    next = Math.max(next, offset + 1);
    Integer known = attempts.get(offset);
    boolean open = known == null || known != FINISHED;
    if (open) {
      unfinished.add(offset);
    }
    return open;
  }

  /** Begins a question and returns which attempt at it this is, from 1. */
  int begin(long offset) {
    return attempts.merge(offset, 1, Integer::sum);
  }

  /** Notes that the last event of a question is written. */
  void finish(long offset) {
    unfinished.remove(offset);
    attempts.put(offset, FINISHED);
    attempts.headMap(start()).clear();
  }

  /** What to commit: everything before it is finished. */
  OffsetAndMetadata position() {
    String metadata =
        attempts.tailMap(start()).entrySet().stream()
            .map(entry -> entry.getKey() + "=" + entry.getValue())
            .collect(Collectors.joining(";"));
    return new OffsetAndMetadata(start(), metadata);
  }

  private long start() {
    return unfinished.isEmpty() ? next : unfinished.first();
  }
}
