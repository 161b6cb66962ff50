package io.gibbon.cli.client;

/** Nobody listens where the server should be; the message says how to start one. */
public final class ServerAbsentException extends RuntimeException {

  private final String url;

  ServerAbsentException(String url, Throwable cause) {
    super(
        "no server at %s. Start one with `gibbon up` (or name it with --url), then try again."
            .formatted(url),
        cause);
    this.url = url;
  }

  /** Where nobody listens. */
  public String url() {
    return url;
  }
}
