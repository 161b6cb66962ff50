package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.StepRules;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.model.ModelDescription.Activation;
import io.gibbon.runtime.model.RopeDescription;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import io.gibbon.runtime.model.RopeDescription.Scaling;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/** What becomes of a step that the device cannot run. */
class FallbackExecutorTest {

  private static final KvLayout LAYOUT = new KvLayout(1, 1, 16, KvFormat.F16);
  private static final StepRules RULES = new StepRules(model(), LAYOUT);

  private final List<String> told = new ArrayList<>();

  private static ModelDescription model() {
    return new ModelDescription(
        "one-layer",
        1,
        32,
        32,
        1,
        1,
        16,
        100,
        64,
        1e-5f,
        1,
        0.25,
        Activation.SILU,
        new RopeDescription(10_000, 16, Pairing.HALVES, Scaling.NONE),
        null);
  }

  /** Tells what it is asked, and throws what it was given. */
  private final class Told implements Executor {

    private final String name;
    private @Nullable RuntimeException failure;
    private @Nullable Error error;

    private Told(String name) {
      this.name = name;
    }

    @Override
    public void step(List<Slice> slices) {
      told.add(name);
      if (failure != null) {
        throw failure;
      }
      if (error != null) {
        throw error;
      }
    }

    @Override
    public void close() {
      told.add("close " + name);
    }
  }

  private final Told device = new Told("device");
  private final FallbackExecutor executor =
      new FallbackExecutor(
          RULES,
          device,
          () -> {
            told.add("load cpu");
            return new Told("cpu");
          });

  @Test
  void theCpuIsNotEvenLoadedWhileTheDeviceWorks() {
    executor.step(List.of());
    executor.close();
    assertThat(told).containsExactly("device", "close device");
  }

  @Test
  void onlyTheStepThatIsTooLargeRunsOnTheCpu() {
    device.failure = new TooLargeException("too many pages");
    executor.step(List.of());
    device.failure = null;
    executor.step(List.of());
    executor.close();
    assertThat(told)
        .containsExactly("device", "load cpu", "cpu", "device", "close device", "close cpu");
  }

  @Test
  void aRunOfStepsThatAreTooLargeIsLoggedOnce() {
    Logger logger = (Logger) LoggerFactory.getLogger(FallbackExecutor.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try {
      for (boolean fits : new boolean[] {false, false, true, true, false, false}) {
        device.failure = fits ? null : new TooLargeException("too many pages");
        executor.step(List.of());
      }
    } finally {
      logger.detachAppender(log);
    }
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .hasSize(2)
        .allMatch(line -> line.contains("too many pages"));
  }

  @Test
  void aLostDeviceIsClosedAndTheStepGoesOnOnTheCpu() {
    device.failure = new IllegalStateException("device lost");
    executor.step(List.of());
    executor.step(List.of());
    executor.close();
    assertThat(told)
        .containsExactly("device", "close device", "load cpu", "cpu", "cpu", "close cpu");
  }

  @Test
  void aDeviceIsAsLostByAnError() {
    device.error = new TornadoInternalError("unimplemented");
    executor.step(List.of());
    assertThat(told).containsExactly("device", "close device", "load cpu", "cpu");
  }

  @Test
  void aDeviceIsAsLostByWhatItsDriverDoesNotTake() {
    device.failure = new IllegalArgumentException("no such buffer");
    executor.step(List.of());
    assertThat(told).containsExactly("device", "close device", "load cpu", "cpu");
  }

  static List<Throwable> failuresOfLoading() {
    return List.of(
        new IllegalStateException("it failed the self-test"),
        new IllegalArgumentException("an array too long for the driver"),
        new TornadoBailoutRuntimeException("a kernel does not compile"),
        new TornadoInternalError("unimplemented"),
        new TornadoOutOfMemoryException("no room for the weights"),
        new UnsatisfiedLinkError("an SDK of another version"));
  }

  @ParameterizedTest
  @MethodSource("failuresOfLoading")
  void aDeviceThatCannotLoadTheModelLeavesItToTheCpu(Throwable failure) {
    Executor loaded =
        FallbackExecutor.load(
            RULES,
            () -> {
              if (failure instanceof Error error) {
                throw error;
              }
              throw (RuntimeException) failure;
            },
            () -> new Told("cpu"));
    loaded.step(List.of());
    assertThat(told).containsExactly("cpu");
  }

  @Test
  void aSliceThatIsWrongIsWrongEverywhere() {
    try (KvStates own = KvStates.allocate(LAYOUT, 1)) {
      Sequence sequence = new Sequence(null, List.of(), own, 0, 1, 1);
      Slice slice = new Slice(sequence, 0, new int[] {100}, null, null);
      assertThatThrownBy(() -> executor.step(List.of(slice)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("token 100 in a vocabulary of 100");
    }
    assertThat(told).isEmpty();
  }
}
