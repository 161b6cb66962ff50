package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.Document;
import io.gibbon.server.answer.RequestException;
import io.gibbon.topology.DocumentId;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DocumentBodyTest {

  @Test
  void readsTimesAsKafkaDoes() {
    Instant noon = Instant.parse("2026-01-31T12:00:00Z");

    assertThat(read("\"2026-01-31T13:00:00+01:00\"").getTimestamp()).isEqualTo(noon);
    assertThat(read(Long.toString(noon.toEpochMilli())).getTimestamp()).isEqualTo(noon);
    assertThat(read("null").getTimestamp()).isNull();
    for (String bad : new String[] {"noon", "2026-01-31", "+999999999-01-01T00:00:00Z"}) {
      assertThatThrownBy(() -> read("\"" + bad + "\""))
          .isInstanceOf(RequestException.class)
          .hasMessageStartingWith("timestamp must be milliseconds")
          .hasMessageEndingWith("not '" + bad + "'");
    }
  }

  private static Document read(String timestamp) {
    return DocumentBody.read(
        new DocumentId("c", "d"),
        new JsonObject("{\"text\": \"x\", \"timestamp\": %s}".formatted(timestamp)));
  }
}
