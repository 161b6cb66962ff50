package io.gibbon.cli;

import io.gibbon.runtime.download.DownloadListener;
import java.util.function.Consumer;

/** Tells how a download goes, at every tenth of it. */
public final class DownloadProgress implements DownloadListener {

  private static final long UNKNOWN_STEP = 16L << 20;

  private final Consumer<String> messages;
  private long next;

  /** Tells each step in one line. */
  public DownloadProgress(Consumer<String> messages) {
    this.messages = messages;
  }

  @Override
  public void message(String text) {
    messages.accept(text);
  }

  @Override
  public void progress(String file, long bytes, long total) {
    if (bytes < next) {
      return;
    }
    next = bytes + (total > 0 ? Math.max(1, total / 10) : UNKNOWN_STEP);
    messages.accept(
        total > 0
            ? "%s: %,d of %,d MB".formatted(file, bytes >> 20, total >> 20)
            : "%s: %,d MB".formatted(file, bytes >> 20));
  }
}
