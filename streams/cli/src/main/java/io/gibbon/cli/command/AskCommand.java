package io.gibbon.cli.command;

import io.gibbon.cli.client.Answer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.config.GibbonConfig;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks a running server. */
@Command(
    name = "ask",
    mixinStandardHelpOptions = true,
    description = "Ask a running server and watch the answer being written.",
    footer = {
      "",
      "The answer goes to standard output; what it was drawn from goes to standard error.",
      "",
      "  gibbon ask \"When does the clinic open?\"",
      "  gibbon ask -c minutes --top-k 4 \"Who was elected chair?\""
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

  @Option(names = "--max-tokens", paramLabel = "N", description = "The most tokens of the answer.")
  private @Nullable Integer maxTokens;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    GibbonConfig config = options.read();
    PrintWriter out = spec.commandLine().getOut();
    try (GibbonClient client = address.client(config)) {
      Answer answer =
          client.ask(
              new GibbonClient.Question(question, collection, topK, maxTokens),
              text -> {
                out.print(text);
                out.flush();
              });
      out.println();
      out.flush();
      AnswerReport.print(answer, spec.commandLine().getErr());
    }
  }
}
