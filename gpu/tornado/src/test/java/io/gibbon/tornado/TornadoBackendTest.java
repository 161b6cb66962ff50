package io.gibbon.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.engine.Backend;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the backend says in JVMs with TornadoVM and a device, and in those that lack either. */
class TornadoBackendTest {

  /** Says it in a JVM of its own. */
  public static void main(String... arguments) {
    Backend backend = new TornadoBackend();
    System.out.println(backend.priority() + " " + backend.unavailable().orElse("ready"));
  }

  @Test
  void itIsReadyAndBehindTheCpuWhereTheDeviceIsOne() throws Exception {
    Device best = Devices.best();
    assertThat(said(option -> true, Map.of())).isEqualTo((best.isGpu() ? 10 : -10) + " ready");
  }

  @Test
  void itsDevicesAreToldWithWhatTheyDoAtBest() {
    assertThat(new TornadoBackend().devices().getFirst())
        .startsWith(Devices.best().toString())
        .matches(".*, reads [0-9.]*[1-9][0-9.]* GB/s, [1-9][0-9]* GFLOP/s");
  }

  @Test
  void withoutADeviceItSaysWhatTornadoVmFound(@TempDir Path none) throws Exception {
    assertThat(said(option -> true, Map.of("OCL_ICD_VENDORS", none.toString())))
        .startsWith("-10 TornadoVM does not start; is there a device")
        .doesNotContain("NoClassDefFoundError");
  }

  @Test
  void withoutTornadoVmItSaysWhereToGetIt() throws Exception {
    assertThat(said(option -> option.startsWith("--enable-preview"), Map.of()))
        .startsWith("-10 the JVM was started without TornadoVM")
        .contains("https://");
  }

  @Test
  void whereKernelsCouldRunAsPlainJavaItRefuses() throws Exception {
    assertThat(said(option -> !option.startsWith("-Dtornado.recover.bailout"), Map.of()))
        .isEqualTo("-10 the JVM was started without -Dtornado.recover.bailout=False");
  }

  /** The last line of a JVM with some of this one's options. */
  private static String said(Predicate<String> options, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> !option.startsWith("-javaagent") && options.test(option))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(TornadoBackendTest.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder.start().inputReader().lines().reduce("", (before, line) -> line);
  }
}
