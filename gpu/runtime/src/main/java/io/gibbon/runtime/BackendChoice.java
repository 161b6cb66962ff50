package io.gibbon.runtime;

import io.gibbon.runtime.engine.Backend;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.ServiceLoader.Provider;
import java.util.stream.Collectors;

/**
 * Which backend runs the model, and why.
 *
 * @param backend the winner
 * @param reason for the log
 */
public record BackendChoice(Backend backend, String reason) {

  /**
   * Chooses among the backends on the class path.
   *
   * @param wanted a backend's name, or {@link RuntimeConfig#AUTO} for the one of greatest priority
   *     that can run here
   * @throws IllegalArgumentException if there is no backend of that name
   * @throws IllegalStateException if the backend, or any, cannot run here; the message says why
   */
  public static BackendChoice of(String wanted) {
    List<Backend> all =
        ServiceLoader.load(Backend.class).stream()
            .map(Provider::get)
            .sorted(Comparator.comparingInt(Backend::priority).reversed())
            .toList();
    return of(wanted, all);
  }

  /** As {@link #of(String)}, among the given backends, best first. */
  static BackendChoice of(String wanted, List<Backend> all) {
    return wanted.equals(RuntimeConfig.AUTO) ? best(all) : named(wanted, all);
  }

  private static BackendChoice best(List<Backend> all) {
    StringBuilder passed = new StringBuilder();
    for (Backend backend : all) {
      Optional<String> obstacle = backend.unavailable();
      if (obstacle.isEmpty()) {
        return new BackendChoice(backend, "the best that runs here" + passed);
      }
      passed.append("; not ").append(backend.name()).append(": ").append(obstacle.get());
    }
    throw new IllegalStateException("no backend runs here" + passed);
  }

  private static BackendChoice named(String wanted, List<Backend> all) {
    for (Backend backend : all) {
      if (backend.name().equals(wanted)) {
        backend
            .unavailable()
            .ifPresent(
                obstacle -> {
                  throw new IllegalStateException(
                      "backend %s does not run here: %s".formatted(wanted, obstacle));
                });
        return new BackendChoice(backend, "as configured");
      }
    }
    String known = all.stream().map(Backend::name).collect(Collectors.joining(", "));
    throw new IllegalArgumentException(
        "backend must be %s or one of %s, not %s".formatted(RuntimeConfig.AUTO, known, wanted));
  }
}
