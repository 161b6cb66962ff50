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

  /** Part of every key on disk: raised when what an outcome says changes. */
  private static final int VERSION = 7;

  private static final int NAME_BYTES = 8;

  /** Items whose contexts a calibration learns from, however many are asked. */
  private static final int CALIBRATION_ITEMS = 40;

  private final EvalOptions options;
  private final Path data;
  private final byte[] digest;
  private final List<EvalItem> toCalibrate;
  private final List<EvalItem> items;
  private final Path directory;

  /**
   * An evaluation of the first items of a file.
   *
   * @param directory where outcomes are kept, in a file of their own for every model, file and
   *     options
   * @param limit the most items
   * @throws IllegalArgumentException if there is no such mode, the file holds no items, or nothing
   *     can be kept in the directory
   */
  public Evaluation(EvalOptions options, Path data, Path directory, int limit) throws IOException {
    Mode.requireKnown(options);
    requireWritable(directory);
    this.options = options;
    this.data = data;
    this.directory = directory;
    List<EvalItem> known = EvalData.read(data, Math.max(limit, CALIBRATION_ITEMS));
    this.toCalibrate = known.subList(0, Math.min(CALIBRATION_ITEMS, known.size()));
    this.items = known.subList(0, Math.min(limit, known.size()));
    this.digest = digest(data);
  }

  private static void requireWritable(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "the directory for outcomes cannot be made: " + e.getMessage(), e);
    }
    if (!Files.isWritable(directory)) {
      throw new IllegalArgumentException(
          "the directory for outcomes may not be written: " + directory);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static byte[] digest(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(file)) {
      in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
    }
    return digest.digest();
  }

  /** A name that stands for some text and for all else that outcomes depend on. */
  private String key(ModelRuntime runtime, String text) {
    MessageDigest all = sha256();
    all.update(digest);
    String settings =
        "%d %s %s %s %s %s"
            .formatted(
                VERSION,
                runtime.profile().fingerprint(),
                runtime.chat().format(),
                runtime.backendName(),
                System.getProperty("os.arch"),
                text);
    all.update(settings.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(all.digest(), 0, NAME_BYTES);
  }

  /** Number of items. */
  public int size() {
    return items.size();
  }

  /**
   * Whether a mode asked for depends on what a calibration finds; without one, citations are not
   * judged either.
   */
  public boolean needsCalibration() {
    return Mode.needCalibration(options);
  }

  /** Number of items whose contexts a calibration learns from. */
  public int calibrationSize() {
    return toCalibrate.size();
  }

  /**
   * Finds T, S and heads from contexts of the file, unless an earlier run has; questions and
   * answers are not looked at.
   *
   * @param fresh whether to forget what an earlier run found
   * @param seed of the contexts that are drawn and the questions that are made from them
   * @param progress told the part that is done
   * @throws io.gibbon.runtime.calibrate.TooFewDocumentsException if there are too few contexts
   */
  public Calibration calibrate(
      ModelRuntime runtime, boolean fresh, long seed, DoubleConsumer progress) throws IOException {
    String key = key(runtime, "calibration " + seed);
    Path file = directory.resolve("calibration-%s.json".formatted(key));
    if (fresh) {
      Files.deleteIfExists(file);
    }
    return EvalCalibration.of(toCalibrate, runtime, file, seed, progress);
  }

  /**
   * Runs what has not been run and reports on everything.
   *
   * @param calibration T and S of the calibrated modes, and the heads; null to leave those modes
   *     out
   * @param fresh whether to forget what earlier runs found out
   * @param seed of the intervals
   * @param progress told how many items are done
   * @throws IllegalArgumentException if an item does not fit the model, or the same evaluation runs
   *     elsewhere
   */
  public EvalReport run(
      ModelRuntime runtime,
      @Nullable Calibration calibration,
      boolean fresh,
      long seed,
      IntConsumer progress)
      throws IOException {
    List<Mode> modes = Mode.chosen(options, calibration);
    String settings = "%s %s %s".formatted(modes, calibration, options);
    Path file = directory.resolve(key(runtime, settings) + ".jsonl");
    return EvalReport.of(
        data.getFileName().toString(),
        runtime.profile().model(),
        calibration,
        modes.stream().map(Mode::name).toList(),
        outcomes(runtime, modes, calibration, file, fresh, progress),
        seed);
  }

  private List<Outcome> outcomes(
      ModelRuntime runtime,
      List<Mode> modes,
      @Nullable Calibration calibration,
      Path file,
      boolean fresh,
      IntConsumer progress)
      throws IOException {
    try (OutcomeLog log = new OutcomeLog(file)) {
      if (fresh) {
        log.clear();
      }
      List<Outcome> outcomes = new ArrayList<>(log.read());
      outcomes.removeIf(outcome -> outcome.item() >= items.size());
      Set<Integer> known = outcomes.stream().map(Outcome::item).collect(Collectors.toSet());
      progress.accept(known.size());
      int done = known.size();
      for (int i = 0; i < items.size(); i++) {
        if (!known.contains(i)) {
          List<Outcome> ofItem = run(runtime, i, modes, calibration);
          log.append(ofItem);
          outcomes.addAll(ofItem);
          progress.accept(++done);
        }
      }
      return outcomes;
    }
  }

  private List<Outcome> run(
      ModelRuntime runtime, int index, List<Mode> modes, @Nullable Calibration calibration) {
    try (ItemEvaluation item =
        new ItemEvaluation(index, items.get(index), runtime, options, calibration)) {
      return item.run(modes);
    }
  }
}
