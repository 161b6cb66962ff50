package io.gibbon.topology;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.KafkaClientSupplier;

/**
 * Clients of Kafka Streams that restore nothing of one partition until they are told to. Nothing
 * blocks meanwhile, so that other partitions are restored and rebalances go on.
 */
final class HeldRestoration implements KafkaClientSupplier {

  private final KafkaClientSupplier clients;
  private final int partition;
  private volatile boolean released;

  HeldRestoration(KafkaClientSupplier clients, int partition) {
    this.clients = clients;
    this.partition = partition;
  }

  void release() {
    released = true;
  }

  @Override
  public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer()) {
      @Override
      public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        if (released) {
          return super.poll(timeout);
        }
        List<TopicPartition> held =
            assignment().stream()
                .filter(changelog -> changelog.partition() == partition)
                .filter(changelog -> !paused().contains(changelog))
                .toList();
        pause(held);
        try {
          return super.poll(timeout);
        } finally {
          resume(held);
        }
      }
    };
  }

  @Override
  public Admin getAdmin(Map<String, Object> config) {
    return clients.getAdmin(config);
  }

  @Override
  public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
    return clients.getProducer(config);
  }

  @Override
  public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
    return clients.getConsumer(config);
  }

  @Override
  public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
    return clients.getGlobalConsumer(config);
  }
}
