package io.gibbon.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.bench.eval.EvalReport.ModeResult;
import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.calibrate.TooFewDocumentsException;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole evaluation with a tiny model: its answers are nonsense, the bookkeeping is real. */
class EvaluationTest {

  private static final EvalOptions OPTIONS = new EvalOptions(0.8, 1, List.of(1, 2), 4, List.of());
  private static final Calibration CALIBRATION =
      new Calibration(0.9, 0.8, List.of(new Head(1, 2), new Head(0, 0)));
  private static final String OPEN =
      """
      {"question": "Who keeps the light?", "answers": ["Una Byrne"], "contexts": [\
      {"title": "Light", "text": "Una Byrne keeps the light.", "gold": true}, \
      {"title": "Ferry", "text": "The ferry sails at noon.", "gold": false}]}
      """;
  private static final String BEST_LAST =
      """
      {"question": "Who keeps the light?", "answers": ["Una Byrne"], "contexts": [\
      {"title": "Ferry", "text": "The ferry sails at noon.", "gold": false}, \
      {"title": "Light", "text": "Una Byrne keeps the light.", "gold": true}]}
      """;
  private static final String CHOICE =
      """
      {"question": "Review: fine.\\nSentiment:", "answers": [" good"], "choices": [" bad", " good"], \
      "contexts": [{"title": null, "text": "Review: dull.\\nSentiment: bad\\n\\n"}]}
      """;

  @TempDir private Path directory;
  private ModelRuntime runtime;

  @BeforeEach
  void open() {
    runtime =
        ModelRuntime.open(
            RuntimeConfig.builder(TinyModel.writeDefault(directory))
                .kvFormat(KvFormat.F32)
                .build());
  }

  @AfterEach
  void close() {
    runtime.close();
  }

  @Test
  void allModesRunOnAllItemsAndTheReportHasWhatItPromises() throws IOException {
    EvalReport report =
        evaluation(write(OPEN + OPEN + OPEN)).run(runtime, CALIBRATION, false, 1, done -> {});
    assertThat(report.modes().keySet())
        .containsExactlyElementsOf(
            Mode.chosen(OPTIONS, CALIBRATION).stream().map(Mode::name).toList());
    ModeResult sequential = report.modes().get("sequential");
    assertThat(sequential.kl().value()).isZero();
    assertThat(report.modes().get("ape+bm25@1").goldFirst().value()).isEqualTo(100);
    JsonNode json = new ObjectMapper().readTree(report.json());
    assertThat(json.path("data").asText()).isEqualTo("items.jsonl");
    assertThat(json.path("items").asInt()).isEqualTo(3);
    JsonNode mode = json.path("modes").path("sequential");
    List<String> fields = new ArrayList<>();
    mode.fieldNames().forEachRemaining(fields::add);
    assertThat(fields)
        .containsExactly(
            "f1", "em", "contains", "accuracy", "logprob", "kl", "of_sequential", "interval");
    assertThat(json.path("selection").path("gold_first").isNumber()).isTrue();
    assertThat(json.path("calibration").path("attention_temperature").isNumber()).isTrue();
    JsonNode figure = json.path("figures").path("ape+bm25@1").path("gold_first");
    assertThat(figure.path("value").asInt()).isEqualTo(100);
    assertThat(figure.path("items").asInt()).isEqualTo(3);
    assertThat(figure.has("low")).isTrue();
    assertThat(report.table()).contains("parallel+prefix");
    assertThat(EvalPage.of(report)).contains("<svg").doesNotContain("http");
  }

  @Test
  void ofContextsKeptInOrderTheBestStandsNextToTheQuestion() throws IOException {
    EvalReport first = evaluation(write(OPEN)).run(runtime, CALIBRATION, false, 1, done -> {});
    EvalReport last = evaluation(write(BEST_LAST)).run(runtime, CALIBRATION, false, 1, done -> {});

    double bestFirst = logprob(first, "sequential");
    double bestLast = logprob(last, "sequential");
    assertThat(bestLast).isNotCloseTo(bestFirst, within(1e-6));
    assertThat(logprob(first, "sequential+bm25@2")).isCloseTo(bestLast, within(1e-6));
    assertThat(logprob(last, "sequential+bm25@2")).isCloseTo(bestLast, within(1e-6));
  }

  private static double logprob(EvalReport report, String mode) {
    return report.modes().get(mode).logprob().value();
  }

  @Test
  void anItemWithChoicesIsJudgedByThem() throws IOException {
    String other = CHOICE.replace("\"answers\": [\" good\"]", "\"answers\": [\" bad\"]");
    EvalReport report =
        evaluation(write(CHOICE + other)).run(runtime, CALIBRATION, false, 1, done -> {});
    ModeResult sequential = report.modes().get("sequential");
    assertThat(sequential.f1()).isNull();
    // Whichever it prefers is right once.
    assertThat(sequential.accuracy().value()).isEqualTo(50);
    // A single context: in order or apart is the same.
    ModeResult apart = report.modes().get("parallel+prefix");
    assertThat(apart.kl().value()).isCloseTo(0, within(1e-6));
  }

  @Test
  void whatIsChosenIsJudgedByTheItemsThatAreMarked() throws IOException {
    String wrong = OPEN.replace("Who keeps the light?", "When does the ferry sail?");
    String unmarked = OPEN.replace("\"gold\": true", "\"gold\": false");
    EvalReport report =
        evaluation(write(OPEN + wrong + unmarked)).run(runtime, CALIBRATION, false, 1, done -> {});
    EvalReport.Figure half = new EvalReport.Figure(50, 0, 100, 2);
    assertThat(report.modes().get("ape+bm25@1").goldFirst()).isEqualTo(half);
    assertThat(report.modes().get("ape+bm25@1").goldKept()).isEqualTo(half);
    assertThat(report.modes().get("ape+bm25@2").goldKept().value()).isEqualTo(100);
  }

  @Test
  void whatWasDoneIsNotDoneAgainAndALineCutOffIs() throws IOException {
    Path data = write(OPEN + OPEN);
    EvalReport first = evaluation(data).run(runtime, CALIBRATION, false, 1, done -> {});
    Path kept;
    try (var files = Files.list(directory.resolve("kept"))) {
      kept = files.findFirst().orElseThrow();
    }
    String lines = Files.readString(kept);
    assertThat(evaluation(data).run(runtime, CALIBRATION, false, 1, done -> {})).isEqualTo(first);
    assertThat(Files.readString(kept)).isEqualTo(lines);
    int half = lines.length() / 2 + 20;
    Files.writeString(kept, lines.substring(0, half), StandardOpenOption.TRUNCATE_EXISTING);
    EvalReport resumed = evaluation(data).run(runtime, CALIBRATION, false, 1, done -> {});
    assertThat(resumed.items()).isEqualTo(2);
    assertThat(resumed.modes().get("ape").f1()).isEqualTo(first.modes().get("ape").f1());
    assertThat(Files.readString(kept)).startsWith(lines.lines().findFirst().orElseThrow());
  }

  @Test
  void withoutCalibrationTheModesThatNeedItAreLeftOut() throws IOException {
    Evaluation evaluation = evaluation(write(OPEN));
    assertThatThrownBy(() -> evaluation.calibrate(runtime, false, 1, part -> {}))
        .isInstanceOf(TooFewDocumentsException.class);
    EvalReport report = evaluation.run(runtime, null, false, 1, done -> {});
    assertThat(report.modes())
        .containsKeys("ape", "ape+likelihood@1")
        .doesNotContainKeys("ape calibrated", "ape+attention@1");
    assertThat(report.json()).contains("\"gold_first\" : null");
  }

  @Test
  void onlyModesThatNeedItAreCalibratedFor() throws IOException {
    Path data = write(OPEN);
    assertThat(evaluation(data).needsCalibration()).isTrue();
    for (String mode :
        List.of("ape calibrated", "ape+attention@1", "sequential+two-hops@2", "ape+bm25@2")) {
      assertThat(evaluation(data, List.of(mode)).needsCalibration()).as(mode).isTrue();
    }
    assertThat(
            evaluation(data, List.of("ape", "ape+bm25@1", "sequential+bm25@2")).needsCalibration())
        .isFalse();
  }

  @Test
  void figuresOfFewItemsAreMarkedAndColumnsThatNothingAppliesToLeftOut() throws IOException {
    EvalReport few =
        evaluation(write(CHOICE), List.of("ape")).run(runtime, null, false, 1, done -> {});
    assertThat(few.table())
        .contains("accuracy", "* of fewer than 20 items")
        .doesNotContain("holds", "cited");
    assertThat(EvalPage.of(few)).contains("* of fewer than 20 items");
    EvalReport enough =
        evaluation(write(CHOICE.repeat(20)), List.of("ape"))
            .run(runtime, null, false, 1, done -> {});
    assertThat(enough.table()).doesNotContain("*");
  }

  @Test
  void withoutHeadsNothingIsSelectedByAttention() throws IOException {
    Calibration headless = new Calibration(0.8, 0.9, List.of());
    EvalReport report = evaluation(write(OPEN)).run(runtime, headless, false, 1, done -> {});
    assertThat(report.modes())
        .containsKeys("ape calibrated", "ape+likelihood@1")
        .doesNotContainKeys("ape+attention@1");
    assertThat(report.table()).contains("calibrated: T 0.80, S 0.90, no heads");
  }

  @Test
  void anItemLongerThanTheWindowIsNamed() throws IOException {
    String text = "A long way home. ".repeat(2000);
    Path data = write(OPEN + OPEN.replace("Una Byrne keeps the light.", text));
    assertThatThrownBy(() -> evaluation(data).run(runtime, CALIBRATION, false, 1, done -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("item 2: contexts")
        .hasMessageContaining("window is 4,096");
  }

  @Test
  void theModesOfAnItemDoNotDependOnEachOther() throws IOException {
    EvalItem item = EvalData.read(write(OPEN), 1).getFirst();
    List<Mode> modes = Mode.chosen(OPTIONS, CALIBRATION);
    try (ItemEvaluation all = new ItemEvaluation(0, item, runtime, OPTIONS, CALIBRATION)) {
      List<Outcome> together = all.run(modes);
      for (int i = 0; i < modes.size(); i++) {
        try (ItemEvaluation one = new ItemEvaluation(0, item, runtime, OPTIONS, CALIBRATION)) {
          assertThat(one.run(List.of(modes.getFirst(), modes.get(i))).getLast())
              .isEqualTo(together.get(i));
        }
      }
    }
  }

  @Test
  void whatOutcomesDependOnNamesTheirFile() throws IOException {
    Path data = write(OPEN);
    evaluation(data).run(runtime, CALIBRATION, false, 1, done -> {});
    EvalOptions shorter = new EvalOptions(0.8, 1, List.of(1, 2), 3, List.of());
    new Evaluation(shorter, data, directory.resolve("kept"), 100)
        .run(runtime, CALIBRATION, false, 1, done -> {});
    Calibration other = new Calibration(0.9, 0.8, List.of(new Head(1, 1)));
    evaluation(data).run(runtime, other, false, 1, done -> {});
    RuntimeConfig halves = RuntimeConfig.of(TinyModel.writeDefault(directory));
    try (ModelRuntime another = ModelRuntime.open(halves)) {
      evaluation(data).run(another, CALIBRATION, false, 1, done -> {});
    }
    evaluation(write(OPEN + OPEN)).run(runtime, CALIBRATION, false, 1, done -> {});
    try (var files = Files.list(directory.resolve("kept"))) {
      assertThat(files).hasSize(5);
    }
  }

  @Test
  void onlyTheModesAskedForRunAndUnknownOnesAreNamed() throws IOException {
    Path data = write(OPEN);
    EvalReport report =
        evaluation(data, List.of("ape", "ape+bm25@1")).run(runtime, null, false, 1, done -> {});
    assertThat(report.modes()).containsOnlyKeys("sequential", "ape", "ape+bm25@1");
    // One that needs a calibration is known before there is one, and left out without it.
    assertThat(
            evaluation(data, List.of("ape", "ape calibrated"))
                .run(runtime, null, false, 1, done -> {})
                .modes())
        .containsOnlyKeys("sequential", "ape");
    assertThatThrownBy(() -> evaluation(data, List.of("apes")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no mode apes; there are: sequential, parallel");
  }

  @Test
  void theExampleRunsFromCalibrationToReport() throws IOException {
    Path example = Path.of("examples", "ostrel.jsonl");
    Evaluation evaluation = new Evaluation(OPTIONS, example, directory.resolve("kept"), 100);
    List<Double> progress = new ArrayList<>();
    Calibration calibration = evaluation.calibrate(runtime, false, 1, progress::add);
    assertThat(progress).last().isEqualTo(1.0);
    assertThat(evaluation.calibrate(runtime, false, 1, part -> {})).isEqualTo(calibration);
    List<Integer> done = new ArrayList<>();
    EvalReport report = evaluation.run(runtime, calibration, false, 1, done::add);
    assertThat(done).isSorted().last().isEqualTo(16);
    // Words in common need no model: the example's own marks are right.
    ModeResult words = report.modes().get("ape+bm25@2");
    assertThat(words.goldFirst().value()).isGreaterThan(90);
    assertThat(report.table()).contains("16 items of ostrel.jsonl").contains("calibrated: T ");
  }

  @Test
  void aDirectoryThatCannotBeMadeIsToldAtOnce() throws IOException {
    Path data = write(OPEN);
    assertThatThrownBy(() -> new Evaluation(OPTIONS, data, data.resolve("kept"), 100))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("directory for outcomes");
  }

  private Evaluation evaluation(Path data) throws IOException {
    return new Evaluation(OPTIONS, data, directory.resolve("kept"), 100);
  }

  private Evaluation evaluation(Path data, List<String> modes) throws IOException {
    EvalOptions some = new EvalOptions(0.8, 1, List.of(1, 2), 4, modes);
    return new Evaluation(some, data, directory.resolve("kept"), 100);
  }

  private Path write(String lines) throws IOException {
    return Files.writeString(directory.resolve("items.jsonl"), lines);
  }
}
