package io.gibbon.cli.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.Document;
import io.gibbon.topology.TopologyConfig;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KafkaSinkTest {

  @Test
  void refusesWhatTheTopologyWouldRefuse() {
    AtomicReference<@Nullable String> reason = new AtomicReference<>();
    TopologyConfig topology =
        TopologyConfig.of(
            Map.of(
                "kafka.bootstrap.servers",
                "127.0.0.1:1",
                "kafka.max.block.ms",
                "100",
                "max-document-bytes",
                "2000"));
    try (KafkaSink sink = new KafkaSink(topology)) {
      sink.send(
          new Document("island", "ferry", "", "x".repeat(2000), Map.of(), (Instant) null),
          reason::set);
    }
    assertThat(reason.get()).contains("the limit is 2,000");
  }
}
