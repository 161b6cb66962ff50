package io.gibbon.server.documents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.gibbon.schemas.Document;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.RequestException;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DocumentWriterTest {

  @Test
  void refusesWhatTheTopologyWouldRefuse() {
    ServerConfig config =
        ServerConfig.of(
            Map.of(
                "kafka.bootstrap.servers",
                "127.0.0.1:1",
                "kafka.max.block.ms",
                "100",
                "max-document-bytes",
                "2000"));
    Document document =
        new Document("island", "ferry", "", "x".repeat(2000), Map.of(), (Instant) null);
    try (DocumentWriter writer = new DocumentWriter(config)) {
      RequestException refusal =
          catchThrowableOfType(RequestException.class, () -> writer.put(document));
      assertThat(refusal.status()).isEqualTo(413);
      assertThat(refusal.code()).isEqualTo("document_too_large");
      assertThat(refusal).hasMessageContaining("2,000");
    }
  }
}
