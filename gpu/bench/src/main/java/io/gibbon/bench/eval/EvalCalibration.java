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
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.DoubleConsumer;
import java.util.function.Function;

/**
 * Calibrates on the contexts of some items, as a user's documents would be: questions, answers and
 * marks are not looked at. The result is kept in a file. Used by one thread; closing frees the
 * prefix.
 */
final class EvalCalibration implements ContextSource, AutoCloseable {

  /** Contexts beyond these are not needed for the questions that a calibration asks. */
  private static final int MOST_CONTEXTS = 80;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Context> contexts;
  private final ItemStates states;

  private EvalCalibration(List<EvalItem> items, ModelRuntime runtime, long seed) {
    List<Text> drawn = drawn(items, seed);
    this.contexts = drawn.stream().map(c -> new Context(c.toString(), c.text())).toList();
    this.states =
        new ItemStates(
            runtime.chat().prefix(),
            drawn.stream().map(c -> runtime.chat().context(c.title(), c.text())).toList(),
            runtime);
  }

  /** A context without its mark: the same one is gold for one item and not for another. */
  private record Text(String title, String text) {}

  private static List<Text> drawn(List<EvalItem> items, long seed) {
    List<Text> distinct = new ArrayList<>();
    items.stream()
        .flatMap(item -> item.contexts().stream())
        .map(c -> new Text(c.title(), c.text()))
        .distinct()
        .forEach(distinct::add);
    Collections.shuffle(distinct, new Random(seed));
    return distinct.subList(0, Math.min(MOST_CONTEXTS, distinct.size()));
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
    try (EvalCalibration source = new EvalCalibration(items, runtime, seed)) {
      CalibrationReport report = runtime.calibrator().run(source, seed, progress);
      Calibration applied = report.applied(Optional.empty()).orElse(Calibration.NONE);
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
    try {
      return Optional.of(use.apply(states.prefixed(chosen)));
    } finally {
      states.release();
    }
  }

  @Override
  public void close() {
    states.close();
  }
}
