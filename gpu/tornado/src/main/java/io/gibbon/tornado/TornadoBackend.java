package io.gibbon.tornado;

import io.gibbon.runtime.engine.Backend;
import io.gibbon.runtime.engine.CpuBackend;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.StepRules;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device that TornadoVM drives. Found by {@link java.util.ServiceLoader} in any JVM, so nothing
 * here names a class of TornadoVM.
 */
public final class TornadoBackend implements Backend {

  private static final Logger LOG = LoggerFactory.getLogger(TornadoBackend.class);

  private static final String GUIDE =
      "https://tornadovm.readthedocs.io/en/latest/installation.html";

  /** Without it TornadoVM runs a kernel that does not compile as plain Java, one thread of it. */
  private static final String BAILOUT = "tornado.recover.bailout";

  @Override
  public String name() {
    return "tornado";
  }

  /** Above the CPU for a GPU, below it for the CPU's own OpenCL device. */
  @Override
  public int priority() {
    return unavailable().isEmpty() && Devices.best().isGpu() ? 10 : -10;
  }

  @Override
  public Optional<String> unavailable() {
    return Start.OBSTACLE;
  }

  /** TornadoVM starts once in a process, and says only the first time why it does not. */
  private static final class Start {

    static final Optional<String> OBSTACLE = obstacle();

    private static Optional<String> obstacle() {
      if (ModuleLayer.boot().findModule("tornado.runtime").isEmpty()) {
        return Optional.of(
            "the JVM was started without TornadoVM; let TORNADOVM_HOME name an SDK, see " + GUIDE);
      }
      if (!"false".equalsIgnoreCase(System.getProperty(BAILOUT))) {
        return Optional.of("the JVM was started without -D" + BAILOUT + "=False");
      }
      try {
        return Devices.all().isEmpty()
            ? Optional.of("TornadoVM finds no device")
            : Optional.empty();
      } catch (RuntimeException | Error e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
          cause = cause.getCause();
        }
        return Optional.of(
            "TornadoVM does not start; is there a device, and is the SDK of the right version? "
                + cause);
      }
    }
  }

  @Override
  public List<String> devices() {
    return Devices.measured();
  }

  /**
   * Loads the model on the best device. If that fails, or the device does not compute what the
   * scalar reference does, the executor is the CPU's, and a line in the log says why; likewise if
   * the device is lost later on.
   */
  @Override
  public Executor load(Model model, KvLayout layout, int threads) {
    CpuBackend cpu = new CpuBackend();
    return FallbackExecutor.load(
        new StepRules(model.description(), layout),
        () -> {
          Device device = Devices.best();
          Executor executor = device.load(model, layout, threads);
          LOG.info("TornadoVM's device is {}", device);
          return executor;
        },
        () -> cpu.load(model, layout, threads));
  }
}
