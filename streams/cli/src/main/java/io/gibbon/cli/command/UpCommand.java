package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The server with a broker of its own. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    description =
        "Start a server with a broker of its own. Everything is in one directory; nothing else is needed.",
    footer = {
      "",
      "Ctrl-C stops it; what was acknowledged stays, and a second start encodes nothing again.",
      "",
      "  gibbon up",
      "  gibbon up --port 9000 --data ./mine"
    })
final class UpCommand implements Callable<Integer> {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ServeOptions serve = new ServeOptions();

  @Option(
      names = "--broker-port",
      paramLabel = "PORT",
      description = "Port of the broker; 0 for any free one. Default: 9092.")
  private @Nullable Integer brokerPort;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Map<String, Object> flags = serve.flags();
    if (brokerPort != null) {
      flags.put("broker.port", brokerPort);
    }
    GibbonConfig config = options.read(flags);
    if (!config.bootstrapServers().isEmpty()) {
      throw new UserException(
          "kafka.bootstrap.servers is set to %s, but `gibbon up` starts a broker of its own; use `gibbon serve` for an existing Kafka"
              .formatted(config.bootstrapServers()));
    }
    return serve(config, spec.commandLine().getErr());
  }

  /** Serves until told to stop, or until the topology fails. */
  static int serve(GibbonConfig config, PrintWriter err) {
    try (RunningGibbon running = RunningGibbon.start(config, err)) {
      err.printf(
          "gibbon: serving at %s, Kafka at %s%n",
          running.gibbon().url(), running.gibbon().config().bootstrapServers());
      err.flush();
      err.println("gibbon: " + running.gibbon().awaitFailure());
      return 1;
    }
  }
}
