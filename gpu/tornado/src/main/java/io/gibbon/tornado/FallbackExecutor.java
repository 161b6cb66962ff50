package io.gibbon.tornado;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.StepRules;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device, and the CPU for what the device cannot do: a step that is too large for it runs on the
 * CPU, and after any failure all steps do. Host states hold everything that a step needs, so a
 * request goes on where it was. One thread at a time.
 *
 * <p>TornadoVM reports what its compiler or driver cannot do by exceptions and errors alike, so
 * both count as failures. What is wrong with a slice is told before the device sees it: TornadoVM
 * and its driver throw {@link IllegalArgumentException}, too.
 */
final class FallbackExecutor implements Executor {

  private static final Logger LOG = LoggerFactory.getLogger(FallbackExecutor.class);

  private final StepRules rules;
  private final Supplier<Executor> cpuLoader;
  private @Nullable Executor device;
  private @Nullable Executor cpu;
  private boolean tooLarge;

  /**
   * Nothing is loaded on the CPU until it is needed.
   *
   * @param rules of the model
   * @param device may throw {@link TooLargeException}
   */
  FallbackExecutor(StepRules rules, Executor device, Supplier<Executor> cpuLoader) {
    this.rules = rules;
    this.device = device;
    this.cpuLoader = cpuLoader;
  }

  /**
   * Loads a model on the device, or on the CPU if that fails; a line in the log says why.
   *
   * @throws IllegalArgumentException if the model cannot run anywhere
   */
  static Executor load(
      StepRules rules, Supplier<Executor> deviceLoader, Supplier<Executor> cpuLoader) {
    Executor loaded;
    try {
      loaded = deviceLoader.get();
    } catch (RuntimeException | Error e) {
      LOG.warn("The model runs on the CPU, since TornadoVM's device failed: {}", e.toString());
      LOG.debug("How the device failed", e);
      return cpuLoader.get();
    }
    return new FallbackExecutor(rules, loaded, cpuLoader);
  }

  @Override
  public void step(List<Slice> slices) {
    rules.require(slices);
    if (device == null || !runsOnDevice(slices)) {
      cpu().step(slices);
    }
  }

  private boolean runsOnDevice(List<Slice> slices) {
    try {
      device.step(slices);
      tooLarge = false;
      return true;
    } catch (TooLargeException e) {
      if (!tooLarge) {
        LOG.warn("Steps run on the CPU while they are too large: {}", e.getMessage());
      }
      tooLarge = true;
    } catch (RuntimeException | Error e) {
      LOG.error("The device failed; the model goes on on the CPU: {}", e.toString());
      LOG.debug("How the device failed", e);
      closeDevice();
    }
    return false;
  }

  private Executor cpu() {
    if (cpu == null) {
      cpu = cpuLoader.get();
    }
    return cpu;
  }

  private void closeDevice() {
    try {
      if (device != null) {
        device.close();
      }
    } catch (RuntimeException | Error e) {
      LOG.warn("The device could not be closed: {}", e.toString());
    } finally {
      device = null;
    }
  }

  @Override
  public void close() {
    closeDevice();
    if (cpu != null) {
      cpu.close();
    }
  }
}
