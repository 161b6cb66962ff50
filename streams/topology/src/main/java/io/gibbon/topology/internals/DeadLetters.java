package io.gibbon.topology.internals;

import io.gibbon.schemas.SourceRecord;
import io.gibbon.topology.DeadLetterHeaders;
import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/** Makes dead letters; also carries a record's coordinates from topic to topic. */
final class DeadLetters {

  private static final int MAX_KEY_BYTES = 16 * 1024;
  private static final int MAX_HEADER_BYTES = 16 * 1024;

  private final int maxValueBytes;

  /** Dead letters whose values are cut at a number of bytes. */
  DeadLetters(int maxValueBytes) {
    this.maxValueBytes = maxValueBytes;
  }

  /**
   * A dead letter with the record's key and value, its headers, and ours.
   *
   * @param now its time, and not the record's: brokers refuse the future, and a topic's retention
   *     soon deletes what is old
   */
  Record<byte[], Output> of(
      byte @Nullable [] key,
      byte @Nullable [] value,
      Headers original,
      long now,
      SourceRecord source,
      String reason) {
    Headers headers = withSource(original, source);
    headers.add(DeadLetterHeaders.REASON, TopicKeys.bytes(reason));
    if (value != null && value.length > maxValueBytes) {
      headers.add(DeadLetterHeaders.TRUNCATED_FROM, TopicKeys.bytes("" + value.length));
    }
    return new Record<>(
        cut(key, MAX_KEY_BYTES), new Output.DeadLetter(cut(value, maxValueBytes)), now, headers);
  }

  private static byte @Nullable [] cut(byte @Nullable [] bytes, int max) {
    return bytes == null || bytes.length <= max ? bytes : Arrays.copyOf(bytes, max);
  }

  /** The user's headers, unless they are too large to go on, and the coordinates. */
  static Headers withSource(Headers original, SourceRecord source) {
    Headers headers = size(original) > MAX_HEADER_BYTES ? new RecordHeaders() : copy(original);
    headers.add(DeadLetterHeaders.TOPIC, TopicKeys.bytes(source.getTopic()));
    headers.add(DeadLetterHeaders.PARTITION, TopicKeys.bytes("" + source.getPartition()));
    headers.add(DeadLetterHeaders.OFFSET, TopicKeys.bytes("" + source.getOffset()));
    return headers;
  }

  private static Headers copy(Headers original) {
    Headers headers = new RecordHeaders(original);
    for (String ours :
        new String[] {
          DeadLetterHeaders.TOPIC,
          DeadLetterHeaders.PARTITION,
          DeadLetterHeaders.OFFSET,
          DeadLetterHeaders.REASON,
          DeadLetterHeaders.TRUNCATED_FROM
        }) {
      headers.remove(ours);
    }
    return headers;
  }

  private static long size(Headers headers) {
    long bytes = 0;
    for (Header header : headers) {
      bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
    }
    return bytes;
  }

  /** The coordinates that {@link #withSource} wrote. */
  static SourceRecord source(Headers headers) {
    return new SourceRecord(
        text(headers, DeadLetterHeaders.TOPIC),
        Integer.parseInt(text(headers, DeadLetterHeaders.PARTITION)),
        Long.parseLong(text(headers, DeadLetterHeaders.OFFSET)));
  }

  private static String text(Headers headers, String name) {
    Header header = headers.lastHeader(name);
    if (header == null) {
      throw new IllegalStateException("a record of the repartition topic has no header " + name);
    }
    return TopicKeys.string(header.value());
  }
}
