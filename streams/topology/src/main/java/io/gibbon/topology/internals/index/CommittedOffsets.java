package io.gibbon.topology.internals.index;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.query.Position;
import org.jspecify.annotations.Nullable;

/**
 * What Lucene's commit data say of a store: the changelog offsets that its documents correspond to,
 * and the input position they were made from. Used by one thread at a time.
 */
final class CommittedOffsets {

  private static final String POSITION = "position ";
  private static final String OFFSET = "offset ";

  private final Map<TopicPartition, Long> offsets = new HashMap<>();
  private final Position position = Position.emptyPosition();

  /** From commit data; null where nothing was ever committed. */
  CommittedOffsets(@Nullable Iterable<Map.Entry<String, String>> committed) {
    if (committed != null) {
      committed.forEach(this::read);
    }
  }

  private void read(Map.Entry<String, String> entry) {
    String key = entry.getKey();
    long offset = Long.parseLong(entry.getValue());
    if (key.startsWith(OFFSET)) {
      offsets.put(topicPartition(key.substring(OFFSET.length())), offset);
    } else if (key.startsWith(POSITION)) {
      TopicPartition partition = topicPartition(key.substring(POSITION.length()));
      position.withComponent(partition.topic(), partition.partition(), offset);
    }
  }

  private static TopicPartition topicPartition(String text) {
    int dash = text.lastIndexOf('-');
    return new TopicPartition(text.substring(0, dash), Integer.parseInt(text.substring(dash + 1)));
  }

  /** The input position. */
  Position position() {
    return position;
  }

  /** Moves the input position to a record. */
  void advance(RecordMetadata record) {
    if (record.topic() != null) {
      position.withComponent(record.topic(), record.partition(), record.offset());
    }
  }

  /** The changelog offset of a partition, or null. */
  @Nullable Long get(TopicPartition partition) {
    return offsets.get(partition);
  }

  /** Takes offsets as {@code StateStore.commit} gives them: none forgets all, null forgets one. */
  void set(Map<TopicPartition, Long> changelogOffsets) {
    if (changelogOffsets.isEmpty()) {
      offsets.clear();
    }
    changelogOffsets.forEach(
        (partition, offset) -> {
          if (offset == null) {
            offsets.remove(partition);
          } else {
            offsets.put(partition, offset);
          }
        });
  }

  /** For Lucene's next commit. */
  Iterable<Map.Entry<String, String>> commitData() {
    Map<String, String> data = new HashMap<>();
    offsets.forEach((partition, offset) -> data.put(OFFSET + partition, Long.toString(offset)));
    for (String topic : position.getTopics()) {
      position
          .getPartitionPositions(topic)
          .forEach(
              (partition, offset) ->
                  data.put(POSITION + new TopicPartition(topic, partition), Long.toString(offset)));
    }
    return data.entrySet();
  }
}
