package io.gibbon.cli.command;

import java.io.Console;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress bars on standard error, one look for all commands; silent where nobody watches. */
public final class Progress {

  private static final int UPDATE_MS = 100;

  private Progress() {}

  /** A bar that counts to a number of things. */
  public static ProgressBar bar(String task, long max) {
    ProgressBarBuilder bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(max)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(UPDATE_MS);
    Console console = System.console();
    if (console == null || !console.isTerminal()) {
      bar.setConsumer(new DelegatingProgressBarConsumer(line -> {}));
    }
    return bar.build();
  }
}
