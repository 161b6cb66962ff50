package io.gibbon.bench.eval;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.engine.Head;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A way to answer.
 *
 * @param name in tables and JSON
 * @param encoding how contexts are read
 * @param selector what chooses contexts
 * @param keep how many are chosen
 * @param temperature APE's T
 * @param scalingFactor APE's S
 */
record Mode(
    String name,
    Encoding encoding,
    Selector selector,
    int keep,
    double temperature,
    double scalingFactor) {

  /** How contexts are read. */
  enum Encoding {
    /** All in one prompt. */
    SEQUENTIAL,
    /** Each on its own, without a prefix. */
    BARE,
    /** Each on its own, behind the prefix. */
    PREFIXED
  }

  /** What chooses contexts. */
  enum Selector {
    /** All are kept. */
    ALL,
    /** Words in common. */
    BM25,
    /** The question's log-probability given each context alone. */
    LIKELIHOOD,
    /** The attention of a few heads, and likelihood. */
    ATTENTION,
    /** The same, and all but the best one by what the question is about behind that one. */
    TWO_HOPS;

    /** Whether it needs to know the heads. */
    boolean needsHeads() {
      return this == ATTENTION || this == TWO_HOPS;
    }

    private String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** The one that the others are compared with. */
  static final String SEQUENTIAL = "sequential";

  private static final String CALIBRATED = "ape calibrated";

  /** Names do not depend on what was found. */
  private static final Calibration ANY = new Calibration(1, 1, List.of(new Head(0, 0)));

  /**
   * Checks the names of the modes asked for, before anything is known of a calibration.
   *
   * @throws IllegalArgumentException if there is no mode of a name
   */
  static void requireKnown(EvalOptions options) {
    List<String> names = all(options, ANY).stream().map(Mode::name).toList();
    for (String name : options.modes()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException(
            "there is no mode %s; there are: %s".formatted(name, String.join(", ", names)));
      }
    }
  }

  /**
   * The modes asked for, sequential always and first; those that need what was not found are left
   * out.
   */
  static List<Mode> chosen(EvalOptions options, @Nullable Calibration calibration) {
    return all(options, calibration == null ? ANY : calibration).stream()
        .filter(mode -> calibration != null || !mode.needsCalibration())
        .filter(
            mode ->
                options.modes().isEmpty()
                    || mode.name().equals(SEQUENTIAL)
                    || options.modes().contains(mode.name()))
        .toList();
  }

  /** Whether a mode asked for depends on what a calibration finds. */
  static boolean needCalibration(EvalOptions options) {
    return chosen(options, ANY).stream().anyMatch(Mode::needsCalibration);
  }

  private boolean needsCalibration() {
    boolean selectsSeveral = selector != Selector.ALL && keep > 1;
    return name.equals(CALIBRATED)
        || selector.needsHeads()
        || (selectsSeveral && encoding == Encoding.PREFIXED);
  }

  private static List<Mode> all(EvalOptions options, Calibration calibration) {
    double t = calibration.attentionTemperature();
    double s = calibration.scalingFactor();
    List<Mode> modes = new ArrayList<>();
    modes.add(new Mode(SEQUENTIAL, Encoding.SEQUENTIAL, Selector.ALL, 0, 1, 1));
    modes.add(new Mode("parallel", Encoding.BARE, Selector.ALL, 0, 1, 1));
    modes.add(new Mode("parallel+prefix", Encoding.PREFIXED, Selector.ALL, 0, 1, 1));
    modes.add(
        new Mode(
            "ape",
            Encoding.PREFIXED,
            Selector.ALL,
            0,
            options.temperature(),
            options.scalingFactor()));
    modes.add(new Mode(CALIBRATED, Encoding.PREFIXED, Selector.ALL, 0, t, s));
    boolean headless = calibration.heads().isEmpty();
    for (Selector selector : Selector.values()) {
      if (selector == Selector.ALL || (selector.needsHeads() && headless)) {
        continue;
      }
      for (int keep : options.keep()) {
        String by = "+%s@%d".formatted(selector.label(), keep);
        if (keep == 1 && selector == Selector.TWO_HOPS) {
          continue; // The best one is that of the first hop.
        }
        if (keep == 1) {
          // One context, T = S = 1: APE is sequential.
          modes.add(new Mode("ape" + by, Encoding.PREFIXED, selector, keep, 1, 1));
        } else {
          modes.add(new Mode(SEQUENTIAL + by, Encoding.SEQUENTIAL, selector, keep, 1, 1));
          modes.add(new Mode("ape" + by, Encoding.PREFIXED, selector, keep, t, s));
        }
      }
    }
    return modes;
  }
}
