package io.gibbon.bench.eval;

import io.gibbon.runtime.ModelRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * Questions with known answers, asked in all modes side by side of a model in this process. What is
 * done is kept on disk and not done again. One thread at a time.
 */
public final class Evaluation {

  private static final int NAME_BYTES = 8;

  private final ModelRuntime runtime;
  private final EvalOptions options;
  private final Path data;
  private final List<EvalItem> items;
  private final List<Mode> modes;
  private final OutcomeLog log;

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
    this.items = EvalData.read(data, limit);
    this.modes = Mode.all(options);
    this.log = new OutcomeLog(directory.resolve(key() + ".jsonl"));
  }

  /** Outcomes depend on model, words, file and options. */
  private String key() throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Files.readAllBytes(data));
      String settings =
          "%s %s %s".formatted(runtime.profile().fingerprint(), runtime.chat().format(), options);
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

  /** Forgets what earlier runs found out. */
  public void startOver() throws IOException {
    log.clear();
  }

  /**
   * Runs what has not been run and reports on everything.
   *
   * @param seed of the intervals
   * @param progress told how many items are done
   * @throws IllegalArgumentException if an item does not fit the model
   */
  public EvalReport run(long seed, IntConsumer progress) throws IOException {
    List<Outcome> outcomes = new ArrayList<>(log.read());
    outcomes.removeIf(outcome -> outcome.item() >= items.size());
    Set<Integer> known = outcomes.stream().map(Outcome::item).collect(Collectors.toSet());
    for (int i = 0; i < items.size(); i++) {
      if (!known.contains(i)) {
        List<Outcome> ofItem = run(i);
        log.append(ofItem);
        outcomes.addAll(ofItem);
      }
      progress.accept(i + 1);
    }
    List<String> names = modes.stream().map(Mode::name).toList();
    return EvalReport.of(
        data.getFileName().toString(), runtime.profile().model(), names, outcomes, seed);
  }

  private List<Outcome> run(int index) {
    try (ItemEvaluation item = new ItemEvaluation(index, items.get(index), runtime, options)) {
      return modes.stream().map(item::run).toList();
    }
  }
}
