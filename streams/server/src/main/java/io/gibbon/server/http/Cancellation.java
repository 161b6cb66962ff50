package io.gibbon.server.http;

import io.gibbon.server.answer.Answer;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/** Stops an answer when its client is gone, also when that happens before there is an answer. */
final class Cancellation {

  private @Nullable Answer answer;
  private boolean cancelled;

  private Cancellation() {}

  /** Cancels when the call's connection closes before its response is whole. */
  static Cancellation whenClosed(Api.Call call) {
    Cancellation cancellation = new Cancellation();
    HttpServerResponse response = call.routing().response();
    call.context()
        .runOnContext(
            ignored -> {
              response.closeHandler(closed -> cancellation.cancel());
              response.exceptionHandler(failure -> cancellation.cancel());
              if (response.closed() && !response.ended()) {
                cancellation.cancel();
              }
            });
    return cancellation;
  }

  /** What to stop. */
  synchronized void of(Answer running) {
    answer = running;
    if (cancelled) {
      running.cancel();
    }
  }

  /** Stops it. */
  synchronized void cancel() {
    cancelled = true;
    if (answer != null) {
      answer.cancel();
    }
  }
}
