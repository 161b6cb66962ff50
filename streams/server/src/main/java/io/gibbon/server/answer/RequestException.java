package io.gibbon.server.answer;

import io.gibbon.runtime.OverloadedException;
import io.gibbon.topology.StateUnavailableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request that cannot be answered, in the terms of OpenAI's error object. The message is for the
 * client: it names the field and the limit and nothing of the server's inside.
 */
public final class RequestException extends RuntimeException {

  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(RequestException.class);

  private final int status;
  private final String type;
  private final String code;
  private final @Nullable String param;

  private RequestException(
      int status, String type, String code, @Nullable String param, String message) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
  }

  /** A field has a value that it cannot have (400). */
  public static RequestException invalid(@Nullable String param, String message) {
    return invalid(param, "invalid_value", message);
  }

  /** The same with a code of its own. */
  public static RequestException invalid(@Nullable String param, String code, String message) {
    return new RequestException(400, "invalid_request_error", code, param, message);
  }

  /** Question and answer do not fit into the model's window (400). */
  public static RequestException tooLong(String param, String message) {
    return invalid(param, "context_length_exceeded", message);
  }

  /** There is no such thing (404). */
  public static RequestException notFound(@Nullable String param, String code, String message) {
    return new RequestException(404, "invalid_request_error", code, param, message);
  }

  /** Another status of the client's making, such as 405. */
  public static RequestException refused(int status, String code, String message) {
    return new RequestException(status, "invalid_request_error", code, null, message);
  }

  /** No or a wrong API key (401). */
  public static RequestException unauthorized(String message) {
    return new RequestException(401, "authentication_error", "invalid_api_key", null, message);
  }

  /** Too much is going on (429). */
  public static RequestException overloaded(String message) {
    return new RequestException(429, "rate_limit_error", "overloaded", null, message);
  }

  /** Asking again later may help (503). */
  public static RequestException unavailable(String code, String message) {
    return new RequestException(503, "server_error", code, null, message);
  }

  /** The answer was not whole in time (504). */
  public static RequestException late(String message) {
    return new RequestException(504, "server_error", "deadline_exceeded", null, message);
  }

  /** The client went away; nobody reads this. */
  static RequestException cancelled() {
    return new RequestException(499, "server_error", "cancelled", null, "The client went away.");
  }

  /** What any failure means for a client; what is our own fault is logged and not told. */
  public static RequestException of(Throwable failure) {
    return switch (failure) {
      case RequestException e -> e;
      case OverloadedException e -> overloaded(e.getMessage());
      case StateUnavailableException e -> unavailable("state_unavailable", e.getMessage());
      case IllegalArgumentException e when e.getMessage() != null -> invalid(null, e.getMessage());
      default -> {
        LOG.error("A request failed", failure);
        yield new RequestException(
            500, "server_error", "internal_error", null, "The server failed; its log says why.");
      }
    };
  }

  /** HTTP status. */
  public int status() {
    return status;
  }

  /** OpenAI's error type. */
  public String type() {
    return type;
  }

  /** The reason, for programs. */
  public String code() {
    return code;
  }

  /** The field at fault, such as {@code messages[0].role}. */
  public @Nullable String param() {
    return param;
  }
}
