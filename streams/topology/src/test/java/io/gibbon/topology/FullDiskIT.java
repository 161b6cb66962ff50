package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A state directory on a file system that really has no room left. */
class FullDiskIT {

  private static final int MEBIBYTES = 192;
  private static final long PATIENCE_SECONDS = 300;

  @TempDir Path directory;

  @Test
  void aFullDiskPausesOrStopsWithAReasonAndLosesNothing() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    assumeTrue(
        onSmallDisk(disk, List.of("true")) == 0,
        "skipped: a small file system cannot be mounted here (unshare and mount of a tmpfs)");
    try (Cluster cluster = new Cluster(directory)) {
      Map<String, String> settings =
          cluster.settings(
              "disk/state", Map.of("group-instance-id", "one", "store-memory", "16777216"));
      List<String> command =
          JavaProcess.command(FullDiskProcess.class, JavaProcess.write(directory, settings));
      int status = onSmallDisk(disk, command);
      assertThat(status).as(() -> output()).isZero();
      assertThat(cluster.consume("context-events")).hasSize(FullDiskProcess.DOCUMENTS);
    }
  }

  private String output() {
    try {
      return Files.readString(directory.resolve("output"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a command that alone sees a small file system in place of a directory. */
  private int onSmallDisk(Path disk, List<String> command)
      throws IOException, InterruptedException {
    String mount = "mount -t tmpfs -o size=%dm none \"$0\" && exec \"$@\"".formatted(MEBIBYTES);
    List<String> all = new ArrayList<>(List.of("unshare", "-rm", "sh", "-c", mount));
    all.add(disk.toString());
    all.addAll(command);
    Process process;
    try {
      process =
          new ProcessBuilder(all)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("output").toFile())
              .start();
    } catch (IOException e) {
      return -1;
    }
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    return process.exitValue();
  }
}
