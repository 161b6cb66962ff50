package io.gibbon.cli.command;

import io.gibbon.cli.DownloadProgress;
import io.gibbon.cli.UserException;
import io.gibbon.cli.client.Answer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.client.LocalModel;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.download.ModelStore;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks a server, or a model without one. */
@Command(
    name = "ask",
    mixinStandardHelpOptions = true,
    description =
        "Ask a server, or with --model a model alone, and watch the answer being written.",
    footer = {
      "",
      "The answer goes to standard output; what it was drawn from goes to standard error. Where no server",
      "runs, one is started for the question, over the documents of `gibbon up`, or else of the demo.",
      "With --model the model runs in this process, without documents: to try it.",
      "",
      "  gibbon ask \"When does the clinic open?\"",
      "  gibbon ask --top-k 2 --hops 2 --combine sequential \"Where does the chair live?\"",
      "  gibbon ask -c minutes --top-k 4 \"Who was elected chair?\"",
      "  gibbon ask --model hf:owner/repository/file.gguf \"What is a ferry?\""
    })
final class AskCommand implements Runnable {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ServerAddress address = new ServerAddress();

  @Parameters(paramLabel = "QUESTION", description = "What to ask.")
  private String question = "";

  @Option(
      names = {"-c", "--collection"},
      paramLabel = "NAME",
      description = "Where to search. Default: the server's default collection.")
  private @Nullable String collection;

  @Option(
      names = {"-k", "--top-k"},
      paramLabel = "N",
      description = "The most contexts to draw on; 0 for none.")
  private @Nullable Integer topK;

  @Option(
      names = "--hops",
      paramLabel = "N",
      description =
          "2 chooses all contexts but the best one by what the question is about behind that one.")
  private @Nullable Integer hops;

  @Option(
      names = "--combine",
      paramLabel = "HOW",
      description =
          "ape attends to the contexts as they are stored, sequential reads them again in order.")
  private @Nullable String combine;

  @Option(names = "--max-tokens", paramLabel = "N", description = "The most tokens of the answer.")
  private @Nullable Integer maxTokens;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    if (question.isBlank()) {
      throw new UserException("the question is empty");
    }
    GibbonConfig config = options.read();
    Answer answer = options.namesModel() ? askModel(config) : askServer(config);
    PrintWriter out = spec.commandLine().getOut();
    out.println();
    out.flush();
    AnswerReport.print(answer, spec.commandLine().getErr());
  }

  private Answer askServer(GibbonConfig config) {
    try (Connection server = address.connect(config, spec.commandLine().getErr())) {
      GibbonClient client = server.client();
      warnOfPending(client);
      return client.ask(
          new GibbonClient.Question(question, collection, topK, hops, combine, maxTokens),
          this::print);
    }
  }

  private void warnOfPending(GibbonClient client) {
    long documents = 0;
    long pending = 0;
    for (GibbonClient.Collection each : client.collections()) {
      if (collection == null || collection.equals(each.name())) {
        documents += each.documents();
        pending += each.pending();
      }
    }
    if (pending > 0) {
      PrintWriter err = spec.commandLine().getErr();
      err.printf(
          "gibbon: %,d documents are not encoded yet, the answer draws on the other %,d%n",
          pending, documents);
      err.flush();
    }
  }

  private Answer askModel(GibbonConfig config) {
    boolean overDocuments = collection != null || topK != null || hops != null || combine != null;
    if (address.given() || overDocuments) {
      throw new UserException(
          "--model asks a model alone, without a server and documents: leave out --url, --collection, --top-k, --hops and --combine");
    }
    PrintWriter err = spec.commandLine().getErr();
    Path file = new ModelStore().resolve(config.model(), new DownloadProgress(err::println));
    try (LocalModel model = new LocalModel(config, file)) {
      return model.ask(question, maxTokens, this::print);
    }
  }

  private void print(String text) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(text);
    out.flush();
  }
}
