package io.gibbon.server.http;

import io.gibbon.server.answer.AnswerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;

/**
 * The envelope of all messages of one answer. Immutable.
 *
 * @param format of the endpoint
 * @param id of the answer
 * @param created seconds since the epoch
 * @param model that answers
 * @param fingerprint of the profile
 */
record Envelope(Format format, String id, long created, String model, String fingerprint) {

  static Envelope of(Format format, AnswerRequest request, String model, String fingerprint) {
    return new Envelope(format, request.id(), Instant.now().getEpochSecond(), model, fingerprint);
  }

  /** A message with choices. */
  JsonObject message(boolean stream, JsonArray choices) {
    return new JsonObject()
        .put("id", id)
        .put("object", format.object(stream))
        .put("created", created)
        .put("model", model)
        .put("system_fingerprint", fingerprint)
        .put("choices", choices);
  }
}
