package io.gibbon.server.kafka;

import io.gibbon.topology.DeadLetterHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Makes dead letters of questions that cannot be read. The largest is smaller than the largest
 * record of a Kafka with default limits; what is cut is whole at the source's offset. Stateless.
 */
final class QuestionLetters {

  private static final int MAX_KEY_BYTES = 16 * 1024;
  private static final int MAX_HEADER_BYTES = 16 * 1024;
  private static final int MAX_VALUE_BYTES = 900 * 1024;
  private static final int MAX_REASON = 1024;

  private QuestionLetters() {}

  /** A letter with the record's key, value and headers, as far as they fit. */
  static ProducerRecord<byte[], byte[]> whole(
      String topic, ConsumerRecord<byte[], byte[]> record, String reason) {
    Headers headers =
        size(record.headers()) > MAX_HEADER_BYTES
            ? new RecordHeaders()
            : new RecordHeaders(record.headers());
    return letter(topic, record, reason, headers, MAX_KEY_BYTES, MAX_VALUE_BYTES);
  }

  /** A letter that says where the record lies and nothing of what is in it. */
  static ProducerRecord<byte[], byte[]> minimal(
      String topic, ConsumerRecord<byte[], byte[]> record, String reason) {
    return letter(topic, record, reason, new RecordHeaders(), 0, 0);
  }

  private static ProducerRecord<byte[], byte[]> letter(
      String topic,
      ConsumerRecord<byte[], byte[]> record,
      String reason,
      Headers headers,
      int keyBytes,
      int valueBytes) {
    header(
        headers,
        DeadLetterHeaders.REASON,
        reason.substring(0, Math.min(reason.length(), MAX_REASON)));
    header(headers, DeadLetterHeaders.TOPIC, record.topic());
    header(headers, DeadLetterHeaders.PARTITION, Integer.toString(record.partition()));
    header(headers, DeadLetterHeaders.OFFSET, Long.toString(record.offset()));
    headers.remove(DeadLetterHeaders.TRUNCATED_FROM);
    byte[] value = record.value();
    if (value != null && value.length > valueBytes) {
      header(headers, DeadLetterHeaders.TRUNCATED_FROM, Integer.toString(value.length));
    }
    return new ProducerRecord<>(
        topic, null, cut(record.key(), keyBytes), cut(value, valueBytes), headers);
  }

  private static void header(Headers headers, String key, String value) {
    headers.remove(key).add(key, value.getBytes(StandardCharsets.UTF_8));
  }

  private static byte @Nullable [] cut(byte @Nullable [] bytes, int max) {
    return bytes == null || bytes.length <= max ? bytes : Arrays.copyOf(bytes, max);
  }

  private static long size(Headers headers) {
    long bytes = 0;
    for (Header header : headers) {
      bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
    }
    return bytes;
  }
}
