package io.gibbon.server.http;

import io.gibbon.schemas.Document;
import io.gibbon.server.answer.RequestException;
import io.gibbon.topology.DocumentId;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads bodies of documents that the contract has found valid. */
final class DocumentBody {

  private DocumentBody() {}

  /**
   * The document of a body.
   *
   * @throws RequestException naming the field that cannot be read
   */
  static Document read(DocumentId id, JsonObject body) {
    String title = body.getString("title");
    return Document.newBuilder()
        .setCollection(id.collection())
        .setId(id.id())
        .setTitle(title == null ? "" : title)
        .setText(body.getString("text"))
        .setMetadata(metadata(body.getJsonObject("metadata")))
        .setTimestamp(timestamp(body.getValue("timestamp")))
        .build();
  }

  private static Map<String, String> metadata(@Nullable JsonObject given) {
    Map<String, String> metadata = new HashMap<>();
    if (given != null) {
      given.forEach(entry -> metadata.put(entry.getKey(), (String) entry.getValue()));
    }
    return metadata;
  }

  private static @Nullable Instant timestamp(@Nullable Object given) {
    return switch (given) {
      case null -> null;
      case Number millis -> Instant.ofEpochMilli(millis.longValue());
      default -> instant(given.toString());
    };
  }

  private static Instant instant(String text) {
    try {
      return Instant.ofEpochMilli(OffsetDateTime.parse(text).toInstant().toEpochMilli());
    } catch (DateTimeException | ArithmeticException e) {
      throw RequestException.invalid(
          "timestamp",
          "timestamp must be milliseconds since the epoch, or ISO 8601 with an offset such as"
              + " 2026-01-31T12:00:00Z, not '%.60s'".formatted(text));
    }
  }
}
