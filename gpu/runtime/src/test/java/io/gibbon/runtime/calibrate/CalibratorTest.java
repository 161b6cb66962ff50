package io.gibbon.runtime.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.calibrate.Bootstrap.Interval;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calibration with a tiny random model: what it finds means nothing, how it finds it does. */
class CalibratorTest {

  private static final int DOCUMENTS = 14;

  private static ModelRuntime runtime;
  private static Source source;

  @BeforeAll
  static void encode(@TempDir Path directory) {
    runtime = ModelRuntime.open(RuntimeConfig.of(TinyModel.writeDefault(directory)));
    source = new Source(DOCUMENTS);
  }

  @AfterAll
  static void close() {
    source.states.forEach(KvStates::close);
    runtime.close();
  }

  @Test
  void theSameSeedAndDocumentsGiveTheSameAndProgressReachesOne() {
    List<Double> progress = new ArrayList<>();
    CalibrationReport report = runtime.calibrator().run(source, 3, progress::add);
    assertThat(runtime.calibrator().run(source, 3, part -> {})).isEqualTo(report);
    assertThat(progress).isSorted().last().isEqualTo(1.0);
    assertThat(report.found().heads()).doesNotHaveDuplicates().hasSize(4);
    assertThat(report.interval().low()).isLessThanOrEqualTo(report.gain());
    assertThat(report.precision()).isBetween(0.0, 1.0);
  }

  @Test
  void onlyWhatIsBetterThanNothingTakesThePlaceOfWhatIsInUse() {
    Calibration before = new Calibration(0.7, 1.2, List.of(new Head(1, 1)));
    Calibration found = new Calibration(0.9, 1.1, List.of(new Head(0, 0)));
    assertThat(report(found, -0.1, 0.2).applied(Optional.of(before))).isEmpty();
    assertThat(report(found, -0.1, 0.2).applied(Optional.empty())).isEmpty();
    assertThat(report(found, 0.1, 0.2).applied(Optional.of(before)))
        .contains(new Calibration(0.9, 1.1, before.heads()));
    assertThat(report(found, -0.1, 0.8).applied(Optional.of(before)))
        .contains(new Calibration(0.7, 1.2, found.heads()));
    assertThat(report(found, -0.1, 0.8).applied(Optional.empty()))
        .contains(new Calibration(1, 1, found.heads()));
    assertThat(report(found, 0.1, 0.8).applied(Optional.of(before))).contains(found);
    assertThat(report(found, 0.1, 0.2).applied(Optional.empty()))
        .contains(new Calibration(0.9, 1.1, List.of()));
  }

  private static CalibrationReport report(Calibration found, double low, double precision) {
    return new CalibrationReport(found, low + 0.2, new Interval(low, low + 0.4), -1, precision, 24);
  }

  @Test
  void noDocumentIsOnBothSides() {
    Trials trials = new Trials(source.contexts(), 5);
    List<String> learning = documents(trials.toLearn(24));
    assertThat(learning).isNotEmpty();
    assertThat(documents(trials.toJudge(24))).isNotEmpty().doesNotContainAnyElementsOf(learning);
  }

  private static List<String> documents(List<Trial> trials) {
    return trials.stream()
        .flatMap(trial -> trial.contexts().stream())
        .map(i -> source.contexts().get(i).document())
        .distinct()
        .toList();
  }

  @Test
  void tooFewDocumentsAndThoseThatGoMeanwhileAreToldInWords() {
    ContextSource few = new Part(source, 6, Integer.MAX_VALUE);
    assertThatThrownBy(() -> runtime.calibrator().run(few, 1, part -> {}))
        .isInstanceOf(TooFewDocumentsException.class)
        .hasMessageContaining("6 contexts");
    ContextSource going = new Part(source, DOCUMENTS, 40);
    assertThatThrownBy(() -> runtime.calibrator().run(going, 1, part -> {}))
        .isInstanceOf(TooFewDocumentsException.class);
  }

  @Test
  void itGivesUpWhenTold() {
    assertThatThrownBy(
            () ->
                runtime
                    .calibrator()
                    .run(
                        source,
                        1,
                        part -> {
                          throw new CancellationException("enough");
                        }))
        .hasMessage("enough");
  }

  /** Documents of our own. */
  private static final class Source implements ContextSource {

    private final List<Context> contexts = new ArrayList<>();
    private final List<KvStates> states = new ArrayList<>();

    Source(int count) {
      for (int i = 0; i < count; i++) {
        String text =
            ("The ferry to the island of Number %1$d leaves the pier at 0%2$d:15. Since the year %1$d"
                    + " its keeper has been called Una Byrne. In winter %1$d boats of Brindle lie"
                    + " there.")
                .formatted(i, i % 10);
        EncodeJob job = runtime.encode(new DocumentText("Island " + i, text));
        EncodedContext encoded = Awaitility.await().until(job::poll, one -> one != null);
        contexts.add(new Context("island" + i, text));
        states.add(encoded.states());
      }
    }

    @Override
    public List<Context> contexts() {
      return contexts;
    }

    @Override
    public <T> Optional<T> with(List<Integer> chosen, Function<List<KvStates>, T> use) {
      return Optional.of(use.apply(chosen.stream().map(states::get).toList()));
    }
  }

  /** A part of a source, which goes away after some looks at it. */
  private static final class Part implements ContextSource {

    private final ContextSource whole;
    private final int count;
    private int looks;

    Part(ContextSource whole, int count, int looks) {
      this.whole = whole;
      this.count = count;
      this.looks = looks;
    }

    @Override
    public List<Context> contexts() {
      return whole.contexts().subList(0, count);
    }

    @Override
    public <T> Optional<T> with(List<Integer> chosen, Function<List<KvStates>, T> use) {
      return looks-- > 0 ? whole.with(chosen, use) : Optional.empty();
    }
  }
}
