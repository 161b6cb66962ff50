package io.gibbon.server;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;

/**
 * The HTTP server, which listens before there is anything to answer with: opening a model and
 * joining a group take seconds. Requests that come early wait for {@link #open}, their bodies
 * unread, as long as a connection may be idle; health checks are answered at once. Thread-safe.
 */
public final class HttpDoor {

  private static final int MAX_HEADER_BYTES = 32 * 1024;
  private static final int MAX_LINE_BYTES = 16 * 1024;
  private static final String STARTING = new JsonObject().put("status", "starting").encode();

  private final Vertx vertx;
  private final HttpServer server;
  private final Promise<Handler<HttpServerRequest>> opened = Promise.promise();

  private HttpDoor(Vertx vertx, ServerConfig config) {
    this.vertx = vertx;
    this.server = vertx.createHttpServer(options(config)).requestHandler(this::receive);
  }

  /** Begins to listen; fails if the port is taken. */
  public static Future<HttpDoor> listen(Vertx vertx, ServerConfig config) {
    HttpDoor door = new HttpDoor(vertx, config);
    return door.server.listen(config.port(), config.host()).map(door);
  }

  private static HttpServerOptions options(ServerConfig config) {
    return new HttpServerOptions()
        .setIdleTimeout((int) config.requestTimeout().plusSeconds(1).toSeconds())
        .setMaxHeaderSize(MAX_HEADER_BYTES)
        .setMaxInitialLineLength(MAX_LINE_BYTES)
        .setCompressionSupported(false);
  }

  /** From now on, {@code handler} answers; first those requests that wait. Once. */
  public void open(Handler<HttpServerRequest> handler) {
    opened.complete(handler);
  }

  private void receive(HttpServerRequest request) {
    Future<Handler<HttpServerRequest>> handler = opened.future();
    if (handler.succeeded()) {
      handler.result().handle(request);
    } else if (request.path().equals("/health/live")) {
      status(request, 200);
    } else if (request.path().equals("/health/ready")) {
      status(request, 503);
    } else {
      Context context = vertx.getOrCreateContext();
      request.pause();
      handler.onSuccess(
          ready ->
              context.runOnContext(
                  later -> {
                    ready.handle(request);
                    request.resume();
                  }));
    }
  }

  private static void status(HttpServerRequest request, int code) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", "application/json")
        .end(STARTING);
  }

  /** The port it listens on. */
  public int port() {
    return server.actualPort();
  }

  /** Closes all connections; requests that still wait get no answer. */
  public Future<Void> close() {
    return server.close();
  }
}
