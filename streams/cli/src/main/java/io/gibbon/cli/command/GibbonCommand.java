package io.gibbon.cli.command;

import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code gibbon} itself. */
@Command(
    name = "gibbon",
    mixinStandardHelpOptions = true,
    versionProvider = VersionProvider.class,
    description = "Answers questions over documents that are still arriving.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "First steps:",
      "  gibbon demo                        watch the whole of it work",
      "  gibbon up                          start a server with a broker of its own",
      "  gibbon ingest notes/               give it documents (in another terminal)",
      "  gibbon ask \"Who keeps the keys?\"   and ask",
      "",
      "gibbon help COMMAND explains a command. gibbon doctor tells what is missing.",
      "Shell completion: source <(gibbon generate-completion)"
    },
    subcommands = {
      DemoCommand.class,
      UpCommand.class,
      ServeCommand.class,
      IngestCommand.class,
      AskCommand.class,
      ModelsCommand.class,
      DevicesCommand.class,
      BenchCommand.class,
      EvalCommand.class,
      CalibrateCommand.class,
      CheckNumericsCommand.class,
      ConfigCommand.class,
      DoctorCommand.class,
      HelpCommand.class,
      GenerateCompletion.class
    })
public final class GibbonCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "gibbon: which command?");
  }
}
