package io.gibbon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * When the script {@code gibbon} starts Java with TornadoVM. Java is a script that tells its
 * arguments.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a Bash script")
class LauncherTest {

  private static final String JAVA =
      """
      #!/bin/sh
      [ "$1" = -version ] || exec printf '%s\\n' "$@"
      printf 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\\nopenjdk version "25.0.3"\\n' >&2
      """;

  @TempDir Path home;

  private Path sdk;

  @BeforeEach
  void unpack() throws IOException {
    Files.copy(Path.of("..", "..", "gibbon"), home.resolve("gibbon"));
    Files.createFile(Files.createDirectory(home.resolve("lib")).resolve("gibbon-cli.jar"));
    Path java = Files.createDirectories(home.resolve("jdk/bin")).resolve("java");
    Files.writeString(java, JAVA);
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    sdk = Files.createDirectories(home.resolve("sdk"));
    Files.writeString(sdk.resolve("tornado-argfile"), "-XX:+UseParallelGC\n");
  }

  @Test
  void anSdkAloneChangesNothing() throws Exception {
    assertThat(arguments(Map.of(), "up")).noneMatch(this::isTornado).contains("up");
  }

  @ParameterizedTest
  @ValueSource(strings = {"tornado", "auto"})
  void argumentsAskForIt(String backend) throws Exception {
    assertThat(arguments(Map.of(), "up", "--backend", backend)).anyMatch(this::isTornado);
    assertThat(arguments(Map.of(), "up", "--backend=" + backend)).anyMatch(this::isTornado);
    assertThat(arguments(Map.of(), "up", "--set", "runtime.backend=" + backend))
        .anyMatch(this::isTornado)
        .contains("-Dtornado.recover.bailout=False");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "server.port=1\nruntime.backend=tornado\n",
        "runtime.backend : tornado",
        "runtime:\n  threads: 2\n  backend: \"tornado\" # a GPU\n",
        "runtime: {backend: tornado}\n",
        "runtime: {threads: 2, backend: tornado}\n",
        "\"runtime.backend\": tornado\n"
      })
  void aFileOfSettingsAsksForIt(String settings) throws Exception {
    Path file = Files.writeString(home.resolve("settings"), settings);
    assertThat(arguments(Map.of(), "up", "--config", file.toString())).anyMatch(this::isTornado);
    assertThat(arguments(Map.of(), "--config=" + file)).anyMatch(this::isTornado);
    assertThat(arguments(Map.of("GIBBON_CONFIG", file.toString()), "up")).anyMatch(this::isTornado);
  }

  @Test
  void theUsualFileAsksForIt() throws Exception {
    Path directory = Files.createDirectories(home.resolve(".config/gibbon"));
    Files.writeString(directory.resolve("gibbon.properties"), "runtime.backend=tornado");
    assertThat(arguments(Map.of(), "up")).anyMatch(this::isTornado);
  }

  @Test
  void argumentsWinOverTheEnvironmentAndThatOverAFile() throws Exception {
    Path file = Files.writeString(home.resolve("settings"), "runtime.backend=tornado");
    Map<String, String> cpu = Map.of("GIBBON_RUNTIME_BACKEND", "cpu");
    assertThat(arguments(cpu, "up", "--config", file.toString())).noneMatch(this::isTornado);
    assertThat(arguments(cpu, "up", "--backend", "tornado")).anyMatch(this::isTornado);
    Map<String, String> tornado = Map.of("GIBBON_RUNTIME_BACKEND", "tornado");
    assertThat(arguments(tornado, "up")).anyMatch(this::isTornado);
    assertThat(arguments(tornado, "up", "--backend", "cpu")).noneMatch(this::isTornado);
  }

  @Test
  void settingsThatOnlyMentionItDoNot() throws Exception {
    Path file =
        Files.writeString(
            home.resolve("settings"), "# runtime.backend=tornado\nmodel=/models/backend=tornado\n");
    assertThat(arguments(Map.of(), "up", "--config", file.toString())).noneMatch(this::isTornado);
  }

  @Test
  void anSdkThatIsMissingOrOfAnotherVersionIsNamed() throws Exception {
    Files.writeString(home.resolve("pom.xml"), "<tornado.version>5.2.0</tornado.version>");
    Path release = Files.createDirectories(sdk.resolve("etc")).resolve("tornado.release");
    Files.writeString(release, "version=7.0.1\n");
    assertThat(arguments(Map.of(), "up", "--backend", "tornado"))
        .noneMatch(this::isTornado)
        .contains("gibbon: TORNADOVM_HOME has TornadoVM 7.0.1, but 5.2.0 is needed");
    Files.delete(sdk.resolve("tornado-argfile"));
    assertThat(arguments(Map.of(), "up", "--backend", "tornado"))
        .noneMatch(this::isTornado)
        .anyMatch(line -> line.startsWith("gibbon: no TornadoVM SDK in TORNADOVM_HOME; see http"));
  }

  @Test
  void oneGarbageCollectorIsChosen() throws Exception {
    String serial = "-XX:+UseSerialGC";
    assertThat(arguments(Map.of(), "up")).contains(serial);
    assertThat(arguments(Map.of(), "up", "--backend", "tornado")).doesNotContain(serial);
    assertThat(arguments(Map.of("GIBBON_JAVA_OPTS", "-XX:+UseZGC"), "up"))
        .contains("-XX:+UseZGC")
        .doesNotContain(serial);
  }

  @Test
  void anSdkForAnotherJavaIsNamed() throws Exception {
    Path release = Files.createDirectories(sdk.resolve("etc")).resolve("tornado.release");
    Files.writeString(release, "version=5.2.0-jdk21\n");
    assertThat(arguments(Map.of(), "up", "--backend", "tornado"))
        .noneMatch(this::isTornado)
        .contains(
            "gibbon: TornadoVM 5.2.0-jdk21 needs JDK 21, but Java is 25; let JAVA_HOME name one");
    Files.writeString(release, "version=5.2.0-jdk25\n");
    assertThat(arguments(Map.of(), "up", "--backend", "tornado")).anyMatch(this::isTornado);
  }

  private boolean isTornado(String argument) {
    return argument.equals("@" + sdk + "/tornado-argfile");
  }

  /** What Java is started with, line by line, and what the script itself says. */
  private List<String> arguments(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("bash", home.resolve("gibbon").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("GIBBON_"));
    builder.environment().remove("XDG_CONFIG_HOME");
    builder.environment().put("HOME", home.toString());
    builder.environment().put("JAVA_HOME", home.resolve("jdk").toString());
    builder.environment().put("TORNADOVM_HOME", sdk.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    List<String> lines = process.inputReader().lines().toList();
    assertThat(process.waitFor()).as("%s", lines).isZero();
    return lines;
  }
}
