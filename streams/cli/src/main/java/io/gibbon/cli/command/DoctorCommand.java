package io.gibbon.cli.command;

import io.gibbon.cli.doctor.Doctor;
import io.gibbon.cli.doctor.Finding;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what is missing or odd. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description =
        "Say what of the machine, the network or the Kafka is missing or odd, and what to do.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:nothing is missing", "1:something is missing"})
final class DoctorCommand implements Callable<Integer> {

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "An existing Kafka to look at.")
  private @Nullable String bootstrapServers;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Map<String, String> flags =
        bootstrapServers == null ? Map.of() : Map.of("kafka.bootstrap.servers", bootstrapServers);
    List<Finding> findings = Doctor.examine(options.read(flags));
    PrintWriter out = spec.commandLine().getOut();
    for (Finding finding : findings) {
      out.printf("%-8s %-16s %s%n", word(finding.level()), finding.subject(), finding.found());
      if (!finding.remedy().isEmpty()) {
        out.printf("%-8s %-16s -> %s%n", "", "", finding.remedy());
      }
    }
    out.flush();
    return findings.stream().anyMatch(finding -> finding.level() == Finding.Level.MISSING) ? 1 : 0;
  }

  private static String word(Finding.Level level) {
    return switch (level) {
      case OK -> "ok";
      case ODD -> "odd";
      case MISSING -> "missing";
    };
  }
}
