package io.gibbon.cli.command;

import io.gibbon.cli.DownloadProgress;
import io.gibbon.cli.Gibbon;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.runtime.download.ModelStore;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A server that a command talks to: one that runs, or one of the command's own, which stops when
 * the connection is closed.
 */
final class Connection implements AutoCloseable {

  private static final Map<String, String> PRIVATE =
      Map.of("server.host", "127.0.0.1", "server.port", "0", "broker.port", "0");

  private final GibbonClient client;
  private final @Nullable RunningGibbon own;

  private Connection(GibbonClient client, @Nullable RunningGibbon own) {
    this.client = client;
    this.own = own;
  }

  /** To a server that runs. */
  static Connection to(GibbonClient client) {
    return new Connection(client, null);
  }

  /**
   * To a server that is started over local data, on free ports; returns when answers are possible.
   *
   * @param why nobody else can be asked
   * @param apiKey that it will be sent, or null
   */
  static Connection toOwn(LocalData data, String why, @Nullable String apiKey, PrintWriter err) {
    err.printf("gibbon: %s; starting one over %s until this is done%n", why, data.name());
    err.flush();
    new ModelStore().resolve(data.config().model(), new DownloadProgress(err::println));
    RunningGibbon own = RunningGibbon.start(data.config().with(PRIVATE), step -> {}, err);
    return new Connection(new GibbonClient(own.gibbon().url(), apiKey), own);
  }

  GibbonClient client() {
    return client;
  }

  /** The server, if it is the command's own. */
  Optional<Gibbon> own() {
    return Optional.ofNullable(own).map(RunningGibbon::gibbon);
  }

  @Override
  public void close() {
    client.close();
    if (own != null) {
      own.close();
    }
  }
}
