package io.gibbon.topology;

/**
 * Which of two contents of one document is newer: the later timestamp, then the later offset in the
 * repartition topic.
 *
 * @param timestamp of the record, milliseconds since the epoch
 * @param offset in the repartition topic
 */
public record Version(long timestamp, long offset) implements Comparable<Version> {

  @Override
  public int compareTo(Version other) {
    int byTime = Long.compare(timestamp, other.timestamp);
    return byTime != 0 ? byTime : Long.compare(offset, other.offset);
  }

  /** {@code timestamp-offset}, as clients see it. */
  @Override
  public String toString() {
    return timestamp + "-" + offset;
  }
}
