package io.gibbon.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The compose file against the published compose schema, as the check-jsonschema package has it.
 */
class ComposeFileTest {

  private static final Path COMPOSE = Path.of("../../deploy/compose.yaml");

  @Test
  void theComposeFileKeepsTheComposeSchema() throws Exception {
    assumeTrue(
        run("-m", "check_jsonschema", "--version").status == 0,
        "skipped: pip install check-jsonschema to check deploy/compose.yaml");

    Run check =
        run(
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            COMPOSE.toString());

    assertThat(check.status).as(check.output).isZero();
  }

  private record Run(int status, String output) {}

  private static Run run(String... arguments) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder()
              .command(concat("python3", arguments))
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Run(process.waitFor(), output);
    } catch (IOException noPython) {
      return new Run(127, noPython.getMessage());
    }
  }

  private static String[] concat(String first, String[] rest) {
    String[] all = new String[rest.length + 1];
    all[0] = first;
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }
}
