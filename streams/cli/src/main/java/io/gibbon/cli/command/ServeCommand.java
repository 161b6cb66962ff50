package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The server against an existing Kafka. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Start a server against an existing Kafka. Several with the same application id share the documents.",
    footer = {
      "",
      "  gibbon serve --bootstrap-servers kafka-1:9092,kafka-2:9092",
      "  gibbon serve --set kafka.bootstrap.servers=kafka:9093 --set kafka.security.protocol=SSL",
      "",
      "gibbon doctor --bootstrap-servers ... says whether that Kafka can be reached and used."
    })
final class ServeCommand implements Callable<Integer> {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ServeOptions serve = new ServeOptions();

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "The Kafka, host:port,...")
  private @Nullable String bootstrapServers;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Map<String, Object> flags = serve.flags();
    if (bootstrapServers != null) {
      flags.put("kafka.bootstrap.servers", bootstrapServers);
    }
    GibbonConfig config = options.read(flags);
    if (config.bootstrapServers().isEmpty()) {
      throw new UserException(
          "serve needs an existing Kafka: --bootstrap-servers HOST:PORT. `gibbon up` brings its own");
    }
    return UpCommand.serve(config, spec.commandLine().getErr());
  }
}
