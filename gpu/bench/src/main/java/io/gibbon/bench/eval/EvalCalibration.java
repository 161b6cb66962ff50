package io.gibbon.bench.eval;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.calibrate.CalibrationReport;
import io.gibbon.runtime.calibrate.ContextSource;
import io.gibbon.runtime.kv.KvStates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.function.Function;

/**
 * Calibrates on the contexts of some items, as a user's documents would be: questions, answers and
 * marks are not looked at. The result is kept in a file. Used by one thread; closing frees the
 * states.
 */
final class EvalCalibration implements ContextSource, AutoCloseable {

  /** Contexts beyond these are not needed for the questions that a calibration asks. */
  private static final int MOST_CONTEXTS = 80;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ModelRuntime runtime;
  private final List<Context> contexts;
  private final List<int[]> tokens;
  private final Map<Integer, KvStates> states = new HashMap<>();

  private EvalCalibration(List<EvalItem> items, ModelRuntime runtime) {
    this.runtime = runtime;
    List<EvalItem.Context> distinct =
        items.stream()
            .flatMap(item -> item.contexts().stream())
            .distinct()
            .limit(MOST_CONTEXTS)
            .toList();
    this.contexts = distinct.stream().map(c -> new Context(c.text(), c.text())).toList();
    this.tokens = distinct.stream().map(c -> runtime.chat().context(c.title(), c.text())).toList();
  }

  /**
   * What the file holds, or what is found now.
   *
   * @throws io.gibbon.runtime.calibrate.TooFewDocumentsException if the contexts do not suffice
   */
  static Calibration of(
      List<EvalItem> items, ModelRuntime runtime, Path file, long seed, DoubleConsumer progress)
      throws IOException {
    if (Files.exists(file)) {
      return JSON.readValue(Files.readString(file), Calibration.class);
    }
    try (EvalCalibration source = new EvalCalibration(items, runtime)) {
      CalibrationReport report = runtime.calibrator().run(source, seed, progress);
      Calibration none = new Calibration(1, 1, report.found().heads());
      Calibration applied = report.applied(Optional.empty()).orElse(none);
      Path directory = Files.createDirectories(file.toAbsolutePath().getParent());
      Path whole = Files.createTempFile(directory, "calibration", ".json");
      Files.writeString(whole, JSON.writeValueAsString(applied));
      Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      return applied;
    }
  }

  @Override
  public List<Context> contexts() {
    return contexts;
  }

  @Override
  public <T> Optional<T> with(List<Integer> chosen, Function<List<KvStates>, T> use) {
    List<KvStates> lent = new ArrayList<>();
    for (int i : chosen) {
      lent.add(
          states.computeIfAbsent(
              i, index -> ItemStates.stored(runtime, runtime.prefix(), tokens.get(index))));
    }
    return Optional.of(use.apply(lent));
  }

  @Override
  public void close() {
    states.values().forEach(KvStates::close);
  }
}
