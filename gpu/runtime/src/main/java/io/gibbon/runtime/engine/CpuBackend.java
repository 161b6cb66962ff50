package io.gibbon.runtime.engine;

import com.sun.management.OperatingSystemMXBean;
import io.gibbon.runtime.kernel.VectorKernels;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;

/** The CPU's cores with the Vector API. */
public final class CpuBackend implements Backend {

  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Optional<String> unavailable() {
    return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()
        ? Optional.empty()
        : Optional.of("the JVM was started without --add-modules=" + VECTOR_MODULE);
  }

  @Override
  public List<String> devices() {
    long memory =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    return List.of(
        "%d processors, %,d MiB"
            .formatted(Runtime.getRuntime().availableProcessors(), memory >> 20));
  }

  @Override
  public Executor load(Model model, KvLayout layout, int threads) {
    return new CpuExecutor(model, layout, new VectorKernels(), threads);
  }
}
