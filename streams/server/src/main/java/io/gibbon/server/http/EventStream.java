package io.gibbon.server.http;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import java.util.Queue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One response of server-sent events. {@link #send} and {@link #end} may be called from any thread
 * and never block; events wait in a bounded queue while the client reads slowly, and when that is
 * full the answer is cancelled, so that nobody else waits for this client.
 */
final class EventStream {

  private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);

  private final Context context;
  private final HttpServerResponse response;
  private final int limit;
  private final Runnable cancel;
  private final Queue<Buffer> waiting = new ArrayDeque<>();
  private boolean open;
  private boolean complete;
  private boolean givenUp;

  /**
   * @param context the request's own; everything here happens on it
   * @param limit the most events that wait
   * @param cancel stops the answer
   */
  EventStream(Context context, HttpServerResponse response, int limit, Runnable cancel) {
    this.context = context;
    this.response = response;
    this.limit = limit;
    this.cancel = cancel;
  }

  /** Sends one event. */
  void send(String data) {
    Buffer event = Buffer.buffer("data: " + data + "\n\n");
    context.runOnContext(ignored -> accept(event));
  }

  /** Closes the response behind the last event. */
  void end() {
    context.runOnContext(
        ignored -> {
          complete = true;
          flush();
        });
  }

  private void accept(Buffer event) {
    if (givenUp || response.closed()) {
      return;
    }
    if (waiting.size() >= limit) {
      giveUp();
      return;
    }
    open();
    waiting.add(event);
    flush();
  }

  private void open() {
    if (!open) {
      open = true;
      response
          .setChunked(true)
          .putHeader("Content-Type", "text/event-stream; charset=utf-8")
          .putHeader("Cache-Control", "no-cache")
          .putHeader("X-Accel-Buffering", "no");
      response.drainHandler(ignored -> flush());
    }
  }

  private void flush() {
    while (!givenUp && !response.closed() && !waiting.isEmpty() && !response.writeQueueFull()) {
      response.write(waiting.poll());
    }
    if (complete && waiting.isEmpty() && !response.ended() && !response.closed()) {
      response.end();
    }
  }

  private void giveUp() {
    givenUp = true;
    waiting.clear();
    LOG.warn(
        "A client reads its answer too slowly: {} events wait, the limit; its answer is cancelled",
        limit);
    cancel.run();
    response.reset();
  }
}
