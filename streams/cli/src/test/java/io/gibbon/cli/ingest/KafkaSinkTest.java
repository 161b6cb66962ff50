package io.gibbon.cli.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.cli.UserException;
import io.gibbon.schemas.Document;
import io.gibbon.topology.TopologyConfig;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KafkaSinkTest {

  private static final TopologyConfig TOPOLOGY =
      TopologyConfig.of(
          Map.of(
              "kafka.bootstrap.servers",
              "127.0.0.1:1",
              "kafka.max.block.ms",
              "100",
              "max-document-bytes",
              "2000"));

  private final MockProducer<String, byte[]> producer =
      new MockProducer<>(false, null, new StringSerializer(), new ByteArraySerializer());
  private final List<@Nullable String> reasons = new ArrayList<>();

  @Test
  void refusesWhatTheTopologyWouldRefuse() {
    try (KafkaSink sink = new KafkaSink(TOPOLOGY, producer)) {
      sink.send(document("x".repeat(2000)), reasons::add);
    }
    assertThat(reasons.getFirst()).contains("the limit is 2,000");
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void countsNothingAsAcknowledgedThatFailedWithoutAWord() {
    try (KafkaSink sink = new KafkaSink(TOPOLOGY, producer)) {
      sink.send(document("a"), reasons::add);
      sink.send(document("b"), reasons::add);
      producer.errorNext(new IllegalStateException());
      producer.completeNext();
    }
    assertThat(reasons).containsExactly("IllegalStateException", null);
  }

  @Test
  void saysAtOnceThatThereIsNoKafka() {
    assertThatThrownBy(() -> new KafkaSink(TOPOLOGY))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(
            "Kafka at 127.0.0.1:1 does not answer, or has no topic documents for us");
  }

  private static Document document(String text) {
    return new Document("island", "ferry", "", text, Map.of(), (Instant) null);
  }
}
