package io.gibbon.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.calibrate.Bootstrap;
import io.gibbon.runtime.calibrate.Bootstrap.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation found: each mode's metrics over the same items. Percentages, but for
 * log-probability and divergence, which are nats a token.
 *
 * @param data name of the file
 * @param model name of the model
 * @param items how many items
 * @param calibration what calibrated modes and selection by attention use, or null without them
 * @param modes by name, in the order in which they ran
 */
public record EvalReport(
    String data,
    String model,
    int items,
    @Nullable Calibration calibration,
    Map<String, ModeResult> modes) {

  /** The selection whose first choice stands for the whole in {@link #json()}. */
  private static final String SELECTION = "ape+attention@";

  /** What {@link #json()} tells of a mode in short. */
  private static final List<String> SHORT =
      List.of("f1", "em", "contains", "accuracy", "logprob", "kl", "of_sequential");

  /** Items below which a figure is marked: some are too few for a bootstrap to see what may be. */
  private static final int FEW = 20;

  /** Explains {@link Figure#mark}. */
  static final String MARK = "* of fewer than " + FEW + " items: its interval says little";

  /**
   * A number with its 95% interval.
   *
   * @param value the mean over the items that it applies to
   * @param items how many these are
   */
  public record Figure(double value, double low, double high, int items) {

    /** What is appended to a figure of so few items that its interval says little. */
    String mark() {
      return items < FEW ? "*" : "";
    }
  }

  /**
   * One mode; what applies to some items is over these, and what applies to none is null.
   *
   * @param gain {@code logprob} over that of sequential: tells modes apart with fewer items than
   *     words do
   * @param goldFirst how often the context chosen first is gold
   * @param goldKept the part of the gold contexts that were chosen
   * @param citedFirst how often the context cited first is gold, of the items answered rightly
   * @param main F1, or accuracy of items with choices
   * @param ofSequential {@code main} as a percentage of that of sequential
   */
  public record ModeResult(
      @Nullable Figure f1,
      @Nullable Figure em,
      @Nullable Figure contains,
      @Nullable Figure accuracy,
      Figure logprob,
      Figure gain,
      Figure kl,
      @Nullable Figure goldFirst,
      @Nullable Figure goldKept,
      @Nullable Figure citedFirst,
      Figure main,
      Figure ofSequential) {}

  /** Sums up; all modes have an outcome for every item. */
  static EvalReport of(
      String data,
      String model,
      @Nullable Calibration calibration,
      List<String> names,
      List<Outcome> outcomes,
      long seed) {
    Map<String, List<Outcome>> byMode = new LinkedHashMap<>();
    names.forEach(name -> byMode.put(name, new ArrayList<>()));
    outcomes.stream()
        .sorted(Comparator.comparingInt(Outcome::item))
        .forEach(outcome -> byMode.get(outcome.mode()).add(outcome));
    List<Outcome> baseline = byMode.get(names.getFirst());
    Summary summary = new Summary(new Bootstrap(baseline.size(), seed), baseline, seed);
    Map<String, ModeResult> modes = new LinkedHashMap<>();
    byMode.forEach((name, ofMode) -> modes.put(name, summary.of(ofMode)));
    return new EvalReport(data, model, baseline.size(), calibration, modes);
  }

  private record Summary(Bootstrap bootstrap, List<Outcome> baseline, long seed) {

    ModeResult of(List<Outcome> outcomes) {
      return new ModeResult(
          percent(outcomes, Outcome::f1),
          percent(outcomes, Outcome::em),
          percent(outcomes, Outcome::contains),
          percent(outcomes, Outcome::accuracy),
          mean(numbers(outcomes, Outcome::logprob), 1),
          mean(gains(outcomes), 1),
          mean(numbers(outcomes, Outcome::kl), 1),
          percent(outcomes, Outcome::goldFirst),
          percent(outcomes, Outcome::goldKept),
          percent(outcomes, Outcome::citedFirst),
          mean(numbers(outcomes, Outcome::main), 100),
          ratio(numbers(outcomes, Outcome::main), numbers(baseline, Outcome::main)));
    }

    /** Over the items that it applies to, or null if there are none. */
    private @Nullable Figure percent(
        List<Outcome> outcomes, Function<Outcome, @Nullable Double> of) {
      double[] given =
          outcomes.stream().map(of).filter(Objects::nonNull).mapToDouble(one -> one).toArray();
      if (given.length == 0) {
        return null;
      }
      Interval interval = new Bootstrap(given.length, seed).ofMean(given);
      double value = Arrays.stream(given).average().orElse(0);
      return new Figure(100 * value, 100 * interval.low(), 100 * interval.high(), given.length);
    }

    private Figure mean(double[] values, double factor) {
      Interval interval = bootstrap.ofMean(values);
      double value = Arrays.stream(values).average().orElse(Double.NaN);
      return new Figure(
          factor * value, factor * interval.low(), factor * interval.high(), values.length);
    }

    private Figure ratio(double[] values, double[] other) {
      Interval interval = bootstrap.ofRatio(values, other);
      double value = Arrays.stream(values).sum() / Arrays.stream(other).sum();
      return new Figure(100 * value, 100 * interval.low(), 100 * interval.high(), values.length);
    }

    private double[] gains(List<Outcome> outcomes) {
      double[] gains = numbers(outcomes, Outcome::logprob);
      double[] others = numbers(baseline, Outcome::logprob);
      Arrays.setAll(gains, i -> gains[i] - others[i]);
      return gains;
    }

    private static double[] numbers(List<Outcome> outcomes, ToDoubleFunction<Outcome> number) {
      return outcomes.stream().mapToDouble(number).toArray();
    }
  }

  /** Lines for a terminal. */
  public String table() {
    return EvalTable.of(this);
  }

  /** Name of what {@link ModeResult#main} is. */
  String mainName() {
    return modes.values().iterator().next().accuracy() == null ? "F1" : "accuracy";
  }

  /** What was learnt, in words; empty without calibration. */
  String calibrated() {
    if (calibration == null) {
      return "";
    }
    String heads =
        calibration.heads().isEmpty()
            ? "no heads that find half of the contexts: nothing is selected by attention"
            : "heads (layer.head) " + String.join(" ", names(calibration));
    return String.format(
        Locale.ROOT,
        "; calibrated: T %.2f, S %.2f, %s",
        calibration.attentionTemperature(),
        calibration.scalingFactor(),
        heads);
  }

  /**
   * One JSON object: the modes in short, and under {@code figures} every figure of them with its
   * interval and the number of items that it is of.
   */
  public String json() throws JsonProcessingException {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("data", data);
    json.put("model", model);
    json.put("items", items);
    json.put("calibration", calibration == null ? null : fields(calibration));
    Map<String, Object> byName = new LinkedHashMap<>();
    modes.forEach((name, mode) -> byName.put(name, fields(mode)));
    json.put("modes", byName);
    Map<String, Object> selection = new LinkedHashMap<>();
    selection.put("gold_first", first(ModeResult::goldFirst));
    json.put("selection", selection);
    Map<String, Object> citations = new LinkedHashMap<>();
    citations.put("gold_first", first(ModeResult::citedFirst));
    json.put("citations", citations);
    Map<String, Object> figures = new LinkedHashMap<>();
    modes.forEach((name, mode) -> figures.put(name, details(mode)));
    json.put("figures", figures);
    return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(json);
  }

  /** Of the first mode that selects by attention and has it. */
  private @Nullable Double first(Function<ModeResult, @Nullable Figure> figure) {
    return modes.entrySet().stream()
        .filter(mode -> mode.getKey().startsWith(SELECTION))
        .map(mode -> value(figure.apply(mode.getValue())))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private static Map<String, Object> fields(Calibration calibration) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("attention_temperature", calibration.attentionTemperature());
    fields.put("scaling_factor", calibration.scalingFactor());
    fields.put("heads", names(calibration));
    return fields;
  }

  /** Heads as {@code layer.head}. */
  private static List<String> names(Calibration calibration) {
    return calibration.heads().stream().map(head -> head.layer() + "." + head.head()).toList();
  }

  private static Map<String, Object> fields(ModeResult mode) {
    Map<String, @Nullable Figure> figures = figures(mode);
    Map<String, Object> fields = new LinkedHashMap<>();
    SHORT.forEach(name -> fields.put(name, value(figures.get(name))));
    fields.put(
        "interval",
        Arrays.asList(finite(mode.ofSequential().low()), finite(mode.ofSequential().high())));
    return fields;
  }

  private static Map<String, Object> details(ModeResult mode) {
    Map<String, Object> fields = new LinkedHashMap<>();
    figures(mode)
        .forEach(
            (name, figure) -> {
              if (figure != null) {
                fields.put(name, fields(figure));
              }
            });
    return fields;
  }

  private static Map<String, @Nullable Figure> figures(ModeResult mode) {
    Map<String, @Nullable Figure> figures = new LinkedHashMap<>();
    figures.put("f1", mode.f1());
    figures.put("em", mode.em());
    figures.put("contains", mode.contains());
    figures.put("accuracy", mode.accuracy());
    figures.put("logprob", mode.logprob());
    figures.put("over_sequential", mode.gain());
    figures.put("kl", mode.kl());
    figures.put("gold_first", mode.goldFirst());
    figures.put("gold_kept", mode.goldKept());
    figures.put("cited_first", mode.citedFirst());
    figures.put("of_sequential", mode.ofSequential());
    return figures;
  }

  private static Map<String, Object> fields(Figure figure) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("value", finite(figure.value()));
    fields.put("low", finite(figure.low()));
    fields.put("high", finite(figure.high()));
    fields.put("items", figure.items());
    return fields;
  }

  private static @Nullable Double value(@Nullable Figure figure) {
    return figure == null ? null : finite(figure.value());
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
