package io.gibbon.topology.internals;

import java.io.File;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the disk of the state directory for all partitions of a process, and says once when it
 * has too little room, and once when it has enough again. Thread-safe.
 */
final class DiskGuard {

  private static final Logger LOG = LoggerFactory.getLogger(DiskGuard.class);
  private static final long CHECK_MILLIS = 1000;

  private final long minFree;
  private long checked;
  private boolean full;

  /** A guard that wants some bytes to stay free. */
  DiskGuard(long minFree) {
    this.minFree = minFree;
  }

  /** Whether the disk of a task's directory has too little room, as seen within the last second. */
  synchronized boolean isFull(File task, long now) {
    if (now - checked >= CHECK_MILLIS) {
      checked = now;
      change(task.getUsableSpace(), task.getParentFile());
    }
    return full;
  }

  private void change(long free, File directory) {
    if (free < minFree && !full) {
      LOG.warn(
          "the disk of the state directory {} has {} MiB left, less than min-free-disk ({} MiB): "
              + "reading and encoding pause until there is more",
          directory,
          free >> 20,
          minFree >> 20);
    } else if (free >= minFree && full) {
      LOG.info("the disk of the state directory {} has room again", directory);
    }
    full = free < minFree;
  }
}
