package io.gibbon.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.RequestException;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.CorsHandler;
import io.vertx.openapi.contract.Operation;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all calls share: keys, limits, parsing, validation, errors. The event loop collects the body
 * and answers health checks; everything else happens on a virtual thread for each call.
 */
final class Calls implements AutoCloseable {

  private static final Pattern BRACKETED = Pattern.compile("\\([^()]*(\\([^()]*\\)[^()]*)*\\)");

  private static final Logger LOG = LoggerFactory.getLogger(Calls.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** They need no key, and no thread that may be busy. */
  private static final Set<String> HEALTH = Set.of("live", "ready");

  private final Vertx vertx;
  private final ServerConfig config;
  private final Contract contract;
  private final List<byte[]> keys;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  Calls(Vertx vertx, ServerConfig config, Contract contract) {
    this.vertx = vertx;
    this.config = config;
    this.contract = contract;
    this.keys = config.apiKeys().stream().map(key -> key.getBytes(StandardCharsets.UTF_8)).toList();
  }

  /**
   * A router with one route for every operation of the contract.
   *
   * @param handlers by operation id, exactly the contract's
   */
  Router router(Map<String, Api.Handler> handlers) {
    if (!handlers.keySet().equals(contract.operations())) {
      throw new IllegalStateException(
          "handlers %s do not match the description's operations %s"
              .formatted(handlers.keySet(), contract.operations()));
    }
    Router router = Router.router(vertx);
    errors(router);
    if (!config.corsOrigins().isEmpty()) {
      router.route().handler(cors());
    }
    router.route().handler(BodyHandler.create(false).setBodyLimit(config.maxBodyBytes()));
    handlers.forEach((id, handler) -> route(router, contract.operation(id), handler));
    return router;
  }

  private void route(Router router, Operation operation, Api.Handler handler) {
    String path = operation.getOpenAPIPath().replaceAll("\\{(\\w+)}", ":$1");
    router
        .route(operation.getHttpMethod(), path)
        .handler(routing -> call(routing, operation, handler));
  }

  private void call(RoutingContext routing, Operation operation, Api.Handler handler) {
    Context context = vertx.getOrCreateContext();
    Reply reply = new Reply(context, routing.response());
    boolean health = HEALTH.contains(operation.getOperationId());
    MultiMap query = routing.queryParams();
    Map<String, String> path = Map.copyOf(routing.pathParams());
    Buffer body = routing.body().buffer();
    String contentType = routing.request().getHeader("Content-Type");
    String authorization = routing.request().getHeader("Authorization");
    Runnable work =
        () -> {
          try {
            if (!health) {
              requireKey(authorization);
            }
            contract.validateQuery(operation.getOperationId(), query);
            JsonObject json =
                operation.getRequestBody() == null
                    ? new JsonObject()
                    : parse(operation.getOperationId(), contentType, body);
            handler.handle(new Api.Call(path, query, json, reply, routing));
          } catch (InterruptedException e) {
            reply.error(stopping());
          } catch (InvalidRecordException e) {
            reply.error(RequestException.invalid(e.field(), e.getMessage()));
          } catch (Throwable e) {
            reply.error(RequestException.of(e));
          }
        };
    if (health) {
      work.run();
      return;
    }
    try {
      threads.execute(work);
    } catch (RejectedExecutionException e) {
      reply.error(stopping());
    }
  }

  private static RequestException stopping() {
    return RequestException.unavailable("stopping", "The server is stopping.");
  }

  /** Refuses new calls, interrupts those that wait, and waits until all have replied. */
  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("Calls did not stop within {} s", PATIENCE.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void requireKey(String authorization) {
    if (keys.isEmpty()) {
      return;
    }
    if (authorization == null || !authorization.startsWith("Bearer ")) {
      throw RequestException.unauthorized("Send an API key: Authorization: Bearer KEY.");
    }
    byte[] given = authorization.substring("Bearer ".length()).getBytes(StandardCharsets.UTF_8);
    boolean known = false;
    for (byte[] key : keys) {
      known |= MessageDigest.isEqual(key, given);
    }
    if (!known) {
      throw RequestException.unauthorized("Incorrect API key provided.");
    }
  }

  private JsonObject parse(String operationId, String contentType, Buffer body) {
    requireJson(contentType);
    if (body == null || body.length() == 0) {
      throw RequestException.invalid(null, "missing_body", "The request has no body.");
    }
    Object json = decode(body);
    if (!(json instanceof JsonObject object)) {
      throw RequestException.invalid(null, "invalid_type", "The body must be a JSON object.");
    }
    contract.validate(operationId, object);
    return object;
  }

  private static void requireJson(String contentType) {
    String type = contentType == null ? "" : contentType.split(";", 2)[0].strip();
    if (!type.equalsIgnoreCase("application/json")) {
      throw RequestException.refused(
          415,
          "unsupported_media_type",
          "Content-Type must be application/json, not '" + type + "'.");
    }
  }

  private static Object decode(Buffer body) {
    try {
      return Json.decodeValue(body);
    } catch (DecodeException e) {
      throw RequestException.invalid(null, "invalid_json", "The body is not JSON" + where(e));
    }
  }

  /** The parser's words but for what it says of itself. */
  private static String where(DecodeException e) {
    return e.getCause() instanceof JsonProcessingException problem && problem.getLocation() != null
        ? " at line %d, column %d: %s"
            .formatted(
                problem.getLocation().getLineNr(),
                problem.getLocation().getColumnNr(),
                BRACKETED.matcher(problem.getOriginalMessage()).replaceAll("").strip())
        : ".";
  }

  private CorsHandler cors() {
    return CorsHandler.create()
        .addOrigins(config.corsOrigins())
        .allowedMethods(Set.of(HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE))
        .allowedHeaders(Set.of("Authorization", "Content-Type"));
  }

  private void errors(Router router) {
    error(router, 400, "bad_request", "Path or query string cannot be decoded.");
    error(router, 404, "unknown_path", "There is no such path; see /openapi.json.");
    error(router, 405, "method_not_allowed", "This path does not take this method.");
    error(
        router,
        413,
        "body_too_large",
        "The body is larger than %,d bytes, the limit.".formatted(config.maxBodyBytes()));
    error(router, 415, "unsupported_media_type", "Content-Type must be application/json.");
    router.errorHandler(500, routing -> reply(routing).error(failure(routing)));
  }

  private static void error(Router router, int status, String code, String message) {
    router.errorHandler(
        status, routing -> reply(routing).error(RequestException.refused(status, code, message)));
  }

  private static RequestException failure(RoutingContext routing) {
    Throwable failure = routing.failure();
    return RequestException.of(failure == null ? new IllegalStateException("failed") : failure);
  }

  private static Reply reply(RoutingContext routing) {
    return new Reply(routing.vertx().getOrCreateContext(), routing.response());
  }
}
