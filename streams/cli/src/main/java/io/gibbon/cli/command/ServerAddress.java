package io.gibbon.cli.command;

import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.client.ServerAbsentException;
import io.gibbon.cli.config.GibbonConfig;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which server a command talks to. */
final class ServerAddress {

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "A running server. Default: the configured host and port; where nobody listens there, one is"
              + " started over the local data for the time of the command.")
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

  /**
   * Connects to the server that the user named, to the configured one, or, where nobody listens
   * there, to one of the command's own over documents that are here.
   *
   * @throws ServerAbsentException if nobody listens and nothing is here
   */
  Connection connect(GibbonConfig config, PrintWriter err) {
    return connect(config, LocalData::find, err);
  }

  /** The same for a command that brings documents; they go to the user's own. */
  Connection connectToWrite(GibbonConfig config, PrintWriter err) {
    return connect(config, wanted -> Optional.of(LocalData.own(wanted)), err);
  }

  private Connection connect(
      GibbonConfig config, Function<GibbonConfig, Optional<LocalData>> local, PrintWriter err) {
    GibbonClient client = client(config);
    try {
      client.requirePresent();
      return Connection.to(client);
    } catch (ServerAbsentException absent) {
      client.close();
      LocalData data =
          Optional.of(config).filter(any -> !given()).flatMap(local).orElseThrow(() -> absent);
      return Connection.toOwn(data, "no server at " + absent.url(), key(config), err);
    }
  }

  private GibbonClient client(GibbonConfig config) {
    String standard = "http://%s:%d".formatted(config.server().host(), config.server().port());
    return new GibbonClient(url == null ? standard : url, key(config));
  }

  /** One of those that a server here accepts is known anyway. */
  private @Nullable String key(GibbonConfig config) {
    if (apiKey != null && !apiKey.isEmpty()) {
      return apiKey;
    }
    return given() ? null : config.server().apiKeys().stream().findFirst().orElse(null);
  }
}
