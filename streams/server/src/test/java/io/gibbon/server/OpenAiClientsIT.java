package io.gibbon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** OpenAI's own clients, where they are installed. */
class OpenAiClientsIT {

  private static final Path SCRIPTS = Path.of("src/test/resources/openai");

  /** What a process printed and how it ended. */
  private record Outcome(int status, String output) {}

  @Test
  void thePythonClientWorksUnmodified() throws Exception {
    String python = System.getenv().getOrDefault("PYTHON", "python3");
    assumeTrue(
        run(List.of(python, "-c", "import openai")).status() == 0,
        python + " has no package openai; pip install openai to run this test");

    works(List.of(python, SCRIPTS.resolve("client.py").toString()));
  }

  @Test
  void theNodeClientWorksUnmodified() throws Exception {
    assumeTrue(
        run(List.of("node", "--input-type=module", "-e", "import 'openai'")).status() == 0,
        "node has no package openai; npm install openai to run this test");

    works(List.of("node", SCRIPTS.resolve("client.mjs").toString()));
  }

  private static void works(List<String> command) throws Exception {
    try (TestServer server = TestServer.start(Map.of())) {
      server.states.add("island", "ferry", "the ferry leaves at nine", 100);
      String url = "http://127.0.0.1:" + server.port() + "/v1";

      Outcome outcome = run(List.of(command.get(0), command.get(1), url));

      assertThat(outcome.output()).endsWith("ok\n");
      assertThat(outcome.status()).isZero();
    }
  }

  private static Outcome run(List<String> command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Outcome(process.exitValue(), output);
    } catch (IOException e) {
      return new Outcome(127, String.valueOf(e.getMessage()));
    }
  }
}
