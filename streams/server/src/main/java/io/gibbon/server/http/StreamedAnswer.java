package io.gibbon.server.http;

import io.gibbon.runtime.GeneratedToken;
import io.gibbon.server.answer.AnswerEnd;
import io.gibbon.server.answer.AnswerListener;
import io.gibbon.server.answer.AnswerStart;
import io.gibbon.server.answer.RequestException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * Sends an answer as server-sent events, as OpenAI does: a first chunk with the role and the
 * contexts, a chunk for every piece of text, a last one with the reason to end, shares and timings,
 * one with token counts if wanted, and {@code [DONE]}.
 */
final class StreamedAnswer implements AnswerListener {

  private final Reply reply;
  private final EventStream events;
  private final Envelope envelope;
  private final RequestReader.Request request;
  private boolean started;

  StreamedAnswer(
      Reply reply, EventStream events, Envelope envelope, RequestReader.Request request) {
    this.reply = reply;
    this.events = events;
    this.envelope = envelope;
    this.request = request;
  }

  @Override
  public void onStart(AnswerStart start) {
    started = true;
    send(chunk(envelope.format().first()).put("gibbon", Messages.report(start, withText())));
  }

  @Override
  public void onToken(GeneratedToken token) {
    if (request.logprobs()) {
      JsonObject delta = envelope.format().delta(token.text());
      delta.put("logprobs", envelope.format().logprobs(List.of(token)));
      send(chunk(delta));
    } else if (!token.text().isEmpty()) {
      send(chunk(envelope.format().delta(token.text())));
    }
  }

  @Override
  public void onEnd(AnswerEnd end) {
    if (!end.text().isEmpty()) {
      send(chunk(envelope.format().delta(end.text())));
    }
    send(
        chunk(envelope.format().last(Messages.finishReason(end.finishReason())))
            .put("gibbon", Messages.report(end, withText())));
    if (request.includeUsage()) {
      send(envelope.message(true, new JsonArray()).put("usage", Messages.usage(end.usage())));
    }
    events.send("[DONE]");
    events.end();
  }

  @Override
  public void onError(RequestException error) {
    if (started) {
      send(Messages.error(error));
      events.end();
    } else {
      reply.error(error);
    }
  }

  private boolean withText() {
    return request.answer().options().includeText();
  }

  private JsonObject chunk(JsonObject choice) {
    JsonObject chunk = envelope.message(true, JsonArray.of(choice));
    return request.includeUsage() ? chunk.putNull("usage") : chunk;
  }

  private void send(JsonObject message) {
    events.send(message.encode());
  }
}
