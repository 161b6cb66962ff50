package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import io.gibbon.cli.client.CalibrationStatus;
import io.gibbon.cli.client.GibbonClient;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lets a server find T, S and heads on its documents. */
@Command(
    name = "calibrate",
    mixinStandardHelpOptions = true,
    description =
        "Let a server find out on its own documents how its model answers best, without labels.",
    footer = {
      "",
      "Questions are made from half of the documents: sentences with a span held out. T and S are",
      "what makes those spans most probable with the right context among others; heads are those",
      "whose attention points to it. The other half judges. Documents that other instances have are",
      "left out; all instances use the result at once, and nothing is encoded again. It takes",
      "minutes, while the server answers, and goes on in the server if this command is stopped. Some",
      "30 documents are enough. Where no server runs, one is started for it, over the documents of",
      "`gibbon up`, or else of the demo; they keep the result.",
      "",
      "  gibbon calibrate",
      "  gibbon calibrate -c minutes"
    })
final class CalibrateCommand implements Runnable {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final int PARTS = 100;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ServerAddress address = new ServerAddress();

  @Option(
      names = {"-c", "--collection"},
      paramLabel = "NAME",
      description = "Whose documents to learn from. Default: all.")
  private @Nullable String collection;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Of the documents and questions drawn: the same of the same documents on one instance give"
              + " the same result. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    try (Connection server = address.connect(options.read(), spec.commandLine().getErr())) {
      GibbonClient client = server.client();
      client.startCalibration(collection, seed);
      CalibrationStatus end = await(client);
      if (!end.state().equals("done")) {
        throw new UserException("nothing was changed: " + end.reason());
      }
      print(end);
    }
  }

  private static CalibrationStatus await(GibbonClient client) {
    try (ProgressBar bar = Progress.bar("calibrating", PARTS)) {
      while (true) {
        CalibrationStatus status = client.calibration();
        bar.stepTo(Math.round(status.progress() * PARTS));
        if (!status.state().equals("running")) {
          return status;
        }
        Thread.sleep(POLL);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  private void print(CalibrationStatus found) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "T = %.2f, S = %.2f: held-out spans gain %+.3f nats a token (95%%: %+.3f to %+.3f) over T = S = 1, on"
            + " %d questions from documents that were not used, seed %d%n",
        found.temperature(),
        found.scale(),
        found.gain(),
        found.low(),
        found.high(),
        found.questions(),
        found.seed());
    if (!found.complete()) {
      out.println(
          "Some documents are on other instances, or could not be read now: they were left out.");
    }
    if (!found.better()) {
      out.println("That may be chance: T and S stay as calibrated before, or T = S = 1.");
    }
    out.printf(
        Locale.ROOT,
        "heads %s point to the right one of 5 contexts for %.0f%% of them%n",
        String.join(", ", found.heads()),
        100 * found.precision());
    if (!found.headsUsed()) {
      out.println("That is too few: they are not used, and those in use stay.");
    }
    out.flush();
  }
}
