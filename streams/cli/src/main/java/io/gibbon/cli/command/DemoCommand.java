package io.gibbon.cli.command;

import io.gibbon.cli.Gibbon;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.cli.demo.Corpus;
import io.gibbon.cli.demo.DemoScript;
import io.gibbon.cli.ingest.KafkaSink;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Plays the demonstration. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description =
        "Watch the whole of it work: documents through Kafka into KV states, and back as answers.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:every step passed its check", "1:a step failed"},
    footer = {
      "",
      "The demonstration keeps its own data, below the data directory in demo/. A second run finds its",
      "documents encoded and encodes nothing again. It stays up for your own questions until Ctrl-C;",
      "`gibbon ask` and `gibbon calibrate` work on its documents too where there are no others."
    })
final class DemoCommand implements Callable<Integer> {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ServeOptions serve = new ServeOptions();

  @Option(names = "--exit", description = "Stop when the script is over.")
  private boolean exit;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    GibbonConfig config = ofItsOwn(options.read(serve.flags()));
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (RunningGibbon running = RunningGibbon.start(config, err)) {
      Gibbon gibbon = running.gibbon();
      int failures = play(gibbon, out);
      if (exit) {
        return failures == 0 ? 0 : 1;
      }
      out.printf("%nCtrl-C stops it.%n");
      out.flush();
      err.println("gibbon: " + gibbon.awaitFailure());
      return 1;
    }
  }

  /**
   * The demonstration writes documents: they must never reach a Kafka of the user's. They are the
   * only ones in its directory, so questions are about them.
   */
  static GibbonConfig ofItsOwn(GibbonConfig wanted) {
    return wanted
        .isolated()
        .with(
            Map.of(
                "data",
                wanted.data().resolve("demo").toString(),
                "broker.port",
                "0",
                "server.default-collection",
                Corpus.COLLECTION));
  }

  private int play(Gibbon gibbon, PrintWriter out) throws IOException {
    GibbonConfig config = gibbon.config();
    try (GibbonClient client = new GibbonClient(gibbon.url(), null);
        KafkaSink producer = new KafkaSink(config.topology())) {
      DemoScript script =
          new DemoScript(client, producer, gibbon.metrics().encoded::sum, config.data(), out);
      int failures = script.play();
      if (!exit) {
        script.printHowToAsk(
            gibbon.url(), config.bootstrapServers(), config.topology().documentsTopic());
      }
      out.println(failures == 0 ? "Every check passed." : failures + " checks failed.");
      out.flush();
      return failures;
    }
  }
}
