package io.gibbon.bench.eval;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.ModelRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Questions with known answers, asked in all modes side by side of a model in this process. What is
 * done is kept on disk and not done again. One thread at a time.
 */
public final class Evaluation {

  private static final int NAME_BYTES = 8;

  /** Items whose contexts a calibration may learn from, however few are asked. */
  private static final int CALIBRATION_ITEMS = 24;

  private final ModelRuntime runtime;
  private final EvalOptions options;
  private final Path data;
  private final List<EvalItem> known;
  private final List<EvalItem> items;
  private final Path directory;

  /**
   * An evaluation of the first items of a file.
   *
   * @param directory where outcomes are kept, in a file of their own for every model, file and
   *     options
   * @param limit the most items
   * @throws IllegalArgumentException if the file holds no items
   */
  public Evaluation(ModelRuntime runtime, EvalOptions options, Path data, Path directory, int limit)
      throws IOException {
    this.runtime = runtime;
    this.options = options;
    this.data = data;
    this.directory = directory;
    this.known = EvalData.read(data, Math.max(limit, CALIBRATION_ITEMS));
    this.items = known.subList(0, Math.min(limit, known.size()));
  }

  /**
   * A name that stands for some text and for model, words and file, which everything depends on.
   */
  private String key(String text) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = Files.newInputStream(data)) {
        in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      }
      String settings =
          "%s %s %s".formatted(runtime.profile().fingerprint(), runtime.chat().format(), text);
      digest.update(settings.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(), 0, NAME_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Number of items. */
  public int size() {
    return items.size();
  }

  /**
   * Finds T, S and heads from contexts of the file, unless an earlier run has; questions and
   * answers are not looked at.
   *
   * @param fresh whether to forget what an earlier run found
   * @param seed of the questions that are made from the contexts
   * @param progress told the part that is done
   * @throws io.gibbon.runtime.calibrate.TooFewDocumentsException if there are too few contexts
   */
  public Calibration calibrate(boolean fresh, long seed, DoubleConsumer progress)
      throws IOException {
    Path file = directory.resolve("calibration-%s.json".formatted(key("calibration " + seed)));
    if (fresh) {
      Files.deleteIfExists(file);
    }
    return EvalCalibration.of(known, runtime, file, seed, progress);
  }

  /**
   * Runs what has not been run and reports on everything.
   *
   * @param calibration T and S of the calibrated modes, and the heads; null to leave those modes
   *     out
   * @param fresh whether to forget what earlier runs found out
   * @param seed of the intervals
   * @param progress told how many items are done
   * @throws IllegalArgumentException if an item does not fit the model
   */
  public EvalReport run(
      @Nullable Calibration calibration, boolean fresh, long seed, IntConsumer progress)
      throws IOException {
    List<Mode> modes = Mode.all(options, calibration);
    String settings = "%s %s %s".formatted(modes, calibration, options);
    OutcomeLog log = new OutcomeLog(directory.resolve(key(settings) + ".jsonl"));
    if (fresh) {
      log.clear();
    }
    List<Outcome> outcomes = new ArrayList<>(log.read());
    outcomes.removeIf(outcome -> outcome.item() >= items.size());
    Set<Integer> known = outcomes.stream().map(Outcome::item).collect(Collectors.toSet());
    for (int i = 0; i < items.size(); i++) {
      if (!known.contains(i)) {
        List<Outcome> ofItem = run(i, modes, calibration);
        log.append(ofItem);
        outcomes.addAll(ofItem);
      }
      progress.accept(i + 1);
    }
    return EvalReport.of(
        data.getFileName().toString(),
        runtime.profile().model(),
        calibration,
        modes.stream().map(Mode::name).toList(),
        outcomes,
        seed);
  }

  private List<Outcome> run(int index, List<Mode> modes, @Nullable Calibration calibration) {
    try (ItemEvaluation item =
        new ItemEvaluation(index, items.get(index), runtime, options, calibration)) {
      return modes.stream().map(item::run).toList();
    }
  }
}
