package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Slice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoInternalError;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/** What becomes of a step that the device cannot run. */
class FallbackExecutorTest {

  private final List<String> told = new ArrayList<>();

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

  static List<Throwable> failuresOfLoading() {
    return List.of(
        new IllegalStateException("it failed the self-test"),
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
  void aModelThatIsWrongIsWrongEverywhere() {
    assertThatThrownBy(
            () ->
                FallbackExecutor.load(
                    () -> {
                      throw new IllegalArgumentException("no such layer");
                    },
                    () -> new Told("cpu")))
        .hasMessage("no such layer");
  }

  @Test
  void aSliceThatIsWrongIsWrongEverywhere() {
    device.failure = new IllegalArgumentException("no such token");
    assertThatThrownBy(() -> executor.step(List.of())).hasMessage("no such token");
    assertThat(told).containsExactly("device");
  }
}
