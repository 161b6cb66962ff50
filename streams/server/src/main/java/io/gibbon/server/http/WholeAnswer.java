package io.gibbon.server.http;

import io.gibbon.runtime.GeneratedToken;
import io.gibbon.server.answer.AnswerEnd;
import io.gibbon.server.answer.AnswerListener;
import io.gibbon.server.answer.AnswerStart;
import io.gibbon.server.answer.RequestException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** Collects an answer and sends it in one piece. */
final class WholeAnswer implements AnswerListener {

  private final Reply reply;
  private final Envelope envelope;
  private final RequestReader.Request request;
  private final StringBuilder text = new StringBuilder();
  private final List<GeneratedToken> tokens = new ArrayList<>();

  WholeAnswer(Reply reply, Envelope envelope, RequestReader.Request request) {
    this.reply = reply;
    this.envelope = envelope;
    this.request = request;
  }

  @Override
  public void onStart(AnswerStart start) {}

  @Override
  public void onToken(GeneratedToken token) {
    text.append(token.text());
    if (request.logprobs()) {
      tokens.add(token);
    }
  }

  @Override
  public void onEnd(AnswerEnd end) {
    Format format = envelope.format();
    JsonObject choice = format.whole(text + end.text(), Messages.finishReason(end.finishReason()));
    if (request.logprobs()) {
      choice.put("logprobs", format.logprobs(tokens));
    }
    reply.json(
        200,
        envelope
            .message(false, JsonArray.of(choice))
            .put("usage", Messages.usage(end.usage()))
            .put("gibbon", Messages.report(end, request.answer().options().includeText())));
  }

  @Override
  public void onError(RequestException error) {
    reply.error(error);
  }
}
