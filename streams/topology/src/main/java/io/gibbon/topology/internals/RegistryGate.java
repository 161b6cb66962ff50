package io.gibbon.topology.internals;

import io.gibbon.schemas.serde.RegistryUnavailableException;
import io.gibbon.schemas.serde.SchemaRegistryClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Lets documents into Kafka Streams only after they were read once, so that the schemas they need
 * are in memory. They are read again soon after; only a schema that was driven out of memory
 * meanwhile by many others, or an id that was refused more than {@link
 * SchemaRegistryClient#UNKNOWN_FOR} ago, is then asked for again. While the registry does not
 * answer, a record that needs it, and those behind it in its partition, wait where they are, in
 * Kafka: nothing is lost, put in another order or kept twice, and a restart or another instance
 * finds them there. Used by one stream thread.
 */
final class RegistryGate {

  private final String topic;
  private final DocumentReader reader;
  private final Map<TopicPartition, Long> heldUntil = new HashMap<>();

  /** A gate for one topic, of documents as a reader reads them. */
  RegistryGate(String topic, DocumentReader reader) {
    this.topic = topic;
    this.reader = reader;
  }

  /** Whether a partition waits for the registry. */
  boolean isHeld(TopicPartition partition) {
    Long until = heldUntil.get(partition);
    return until != null && System.nanoTime() - until < 0;
  }

  /**
   * Those of polled records that may go on; the consumer goes back to the first of each partition
   * that may not.
   */
  ConsumerRecords<byte[], byte[]> admit(
      ConsumerRecords<byte[], byte[]> polled, Consumer<byte[], byte[]> consumer) {
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> admitted = new HashMap<>();
    Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>(polled.nextOffsets());
    for (TopicPartition partition : polled.partitions()) {
      List<ConsumerRecord<byte[], byte[]>> records = polled.records(partition);
      int readable =
          partition.topic().equals(topic) ? readable(partition, records) : records.size();
      if (readable < records.size()) {
        ConsumerRecord<byte[], byte[]> first = records.get(readable);
        OffsetAndMetadata position = new OffsetAndMetadata(first.offset(), first.leaderEpoch(), "");
        consumer.seek(partition, position);
        positions.put(partition, position);
      }
      admitted.put(partition, new ArrayList<>(records.subList(0, readable)));
    }
    return new ConsumerRecords<>(admitted, positions);
  }

  /** How many records can be read before one that must wait. */
  private int readable(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records) {
    heldUntil.remove(partition);
    for (int index = 0; index < records.size(); index++) {
      try {
        tryToRead(records.get(index));
      } catch (RegistryUnavailableException e) {
        heldUntil.put(partition, System.nanoTime() + e.retryAfter().toNanos());
        return index;
      }
    }
    return records.size();
  }

  /** Afterwards the schemas are in memory; what else is wrong is found again, and told, later. */
  private void tryToRead(ConsumerRecord<byte[], byte[]> record) {
    if (!isRegistered(record.key()) && !isRegistered(record.value())) {
      return;
    }
    try {
      reader.read(record.topic(), record.key(), record.value());
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      return;
    }
  }

  /** The wire format of schema registries begins with a zero byte. */
  private static boolean isRegistered(byte @Nullable [] bytes) {
    return bytes != null && bytes.length > 0 && bytes[0] == 0;
  }
}
