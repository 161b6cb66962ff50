package io.gibbon.cli.command;

import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.config.GibbonConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which running server a command talks to. */
final class ServerAddress {

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "A running server. Default: the configured host and port.")
  private @Nullable String url;

  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      description = "Sent as bearer token, where the server asks for one.",
      defaultValue = "${env:GIBBON_API_KEY}")
  private @Nullable String apiKey;

  /** Whether the user named a server. */
  boolean given() {
    return url != null;
  }

  GibbonClient client(GibbonConfig config) {
    String standard = "http://%s:%d".formatted(config.server().host(), config.server().port());
    return new GibbonClient(
        url == null ? standard : url, apiKey == null || apiKey.isEmpty() ? null : apiKey);
  }
}
