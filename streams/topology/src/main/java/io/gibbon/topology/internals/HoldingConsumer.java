package io.gibbon.topology.internals;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Kafka Streams' main consumer, which does not fetch partitions of our repartition topic that are
 * held, nor documents whose schemas the registry cannot tell now. Documents then wait in Kafka, the
 * stream thread goes on polling and punctuating, and nothing is lost or blocked. Kafka Streams
 * itself pauses partitions for its own reasons: those are left alone.
 */
final class HoldingConsumer extends KafkaConsumer<byte[], byte[]> {

  private final Backpressure backpressure;
  private final RegistryGate gate;
  private final Set<TopicPartition> held = new HashSet<>();

  HoldingConsumer(Map<String, Object> config, Backpressure backpressure, RegistryGate gate) {
    super(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.backpressure = backpressure;
    this.gate = gate;
  }

  @Override
  public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    hold();
    try {
      return gate.admit(super.poll(timeout), this);
    } finally {
      held.retainAll(assignment());
      super.resume(held);
      held.clear();
    }
  }

  private void hold() {
    Set<TopicPartition> paused = paused();
    for (TopicPartition partition : assignment()) {
      if (!paused.contains(partition) && (isFull(partition) || gate.isHeld(partition))) {
        held.add(partition);
      }
    }
    super.pause(held);
  }

  private boolean isFull(TopicPartition partition) {
    return partition.topic().endsWith(TopicNames.REPARTITION_SUFFIX)
        && backpressure.isHeld(partition.partition());
  }

  /** Called by Kafka Streams, also from a rebalance inside a poll: its pauses outlast the poll. */
  @Override
  public void pause(Collection<TopicPartition> partitions) {
    held.removeAll(partitions);
    super.pause(partitions);
  }
}
