package io.gibbon.server.http;

import io.gibbon.server.answer.RequestException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;

/**
 * One JSON response, at most once. May be called from any thread and never blocks.
 *
 * @param context the request's own
 * @param response where to write
 */
record Reply(Context context, HttpServerResponse response) {

  private static final int TOO_MANY_REQUESTS = 429;
  private static final int UNAVAILABLE = 503;

  /** Sends a body. */
  void json(int status, JsonObject body) {
    text(status, "application/json", body.encode());
  }

  /** Sends a body of any type; at once where this is called on the context. */
  void text(int status, String contentType, String body) {
    if (Vertx.currentContext() == context) {
      write(status, contentType, body);
    } else {
      context.runOnContext(ignored -> write(status, contentType, body));
    }
  }

  private void write(int status, String contentType, String body) {
    if (!response.ended() && !response.closed()) {
      response.setStatusCode(status).putHeader("Content-Type", contentType);
      if (status == TOO_MANY_REQUESTS || status == UNAVAILABLE) {
        response.putHeader("Retry-After", "1");
      }
      response.end(body);
    }
  }

  /** Sends an error in OpenAI's form. */
  void error(RequestException error) {
    json(error.status(), Messages.error(error));
  }
}
