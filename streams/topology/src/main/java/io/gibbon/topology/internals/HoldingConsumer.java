package io.gibbon.topology.internals;

import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Kafka Streams' main consumer, which does not fetch partitions of our repartition topic that are
 * held. Documents then wait in Kafka, the stream thread goes on polling and punctuating, and
 * nothing is lost or blocked. Kafka Streams itself pauses partitions for its own reasons: those are
 * left alone.
 */
final class HoldingConsumer extends KafkaConsumer<byte[], byte[]> {

  private final Backpressure backpressure;

  HoldingConsumer(Map<String, Object> config, Backpressure backpressure) {
    super(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.backpressure = backpressure;
  }

  @Override
  public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    Set<TopicPartition> held = held();
    pause(held);
    try {
      return super.poll(timeout);
    } finally {
      held.retainAll(assignment());
      resume(held);
    }
  }

  private Set<TopicPartition> held() {
    Set<TopicPartition> held = new HashSet<>();
    Set<TopicPartition> paused = paused();
    for (TopicPartition partition : assignment()) {
      if (partition.topic().endsWith(TopicNames.REPARTITION_SUFFIX)
          && backpressure.isHeld(partition.partition())
          && !paused.contains(partition)) {
        held.add(partition);
      }
    }
    return held;
  }
}
