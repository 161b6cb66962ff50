package io.gibbon.cli.command;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a server listens. */
final class ServeOptions {

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address that the server listens on. Default: 127.0.0.1.")
  private @Nullable String host;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port of the server; 0 for any free one. Default: 8080.")
  private @Nullable Integer port;

  /** What was given, as settings. */
  Map<String, Object> flags() {
    Map<String, Object> flags = new HashMap<>();
    if (host != null) {
      flags.put("server.host", host);
    }
    if (port != null) {
      flags.put("server.port", port);
    }
    return flags;
  }
}
