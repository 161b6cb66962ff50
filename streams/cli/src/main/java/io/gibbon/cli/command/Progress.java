package io.gibbon.cli.command;

import io.gibbon.cli.StandardError;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/**
 * Progress on standard error, one look for all commands: a bar where somebody watches, else a line
 * for every tenth.
 */
public final class Progress {

  private static final int UPDATE_MS = 100;
  private static final int PARTS = 10;

  private Progress() {}

  /** A bar that counts to a number of things. */
  public static ProgressBar bar(String task, long max) {
    ProgressBarBuilder builder =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(max)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(UPDATE_MS);
    if (!StandardError.isTerminal()) {
      builder.setRenderer((state, width) -> tenths(state)).setConsumer(new Lines());
    }
    return builder.build();
  }

  private static String tenths(ProgressState state) {
    long tenths = state.getMax() <= 0 ? 0 : PARTS * state.getCurrent() / state.getMax();
    return "%s: %d%%".formatted(state.getTaskName().strip(), tenths * 100 / PARTS);
  }

  /** Prints what it has not just printed. */
  private static final class Lines implements ProgressBarConsumer {

    private String last = "";

    @Override
    public int getMaxRenderedLength() {
      return Integer.MAX_VALUE;
    }

    @Override
    public void accept(String line) {
      if (!line.equals(last) && !line.endsWith(" 0%")) {
        last = line;
        System.err.println("gibbon: " + line);
      }
    }

    @Override
    public void close() {}
  }
}
