package io.gibbon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {

  @TempDir Path directory;

  @Test
  void playsToItsEndAndEncodesNothingASecondTime() throws Exception {
    Path data = directory.resolve("data");
    assertThat(play(data))
        .contains("freshness:", "at 7:25", "Ines Calder", "did not have to be read again")
        .doesNotContain("FAILED", "curl -N");
    assertThat(play(data))
        .contains("nothing was encoded again", "at 7:25")
        .doesNotContain("FAILED");
    String question = "Who is the harbour master of Brindle?";
    try (GibbonProcess ask =
        GibbonProcess.start(data, "ask", "--set", "server.port=1", "-k", "1", question)) {
      assertThat(ask.await(GibbonProcess.PATIENCE)).as(ask.output()).isZero();
      assertThat(ask.output())
          .contains("starting one over the documents of the demo", "Ines Calder", "draws on")
          .doesNotContain("gibbon: ready");
    }
  }

  private static String play(Path data) throws Exception {
    try (GibbonProcess demo = GibbonProcess.start(data, "demo", "--exit", "--port", "0")) {
      int status = demo.await(GibbonProcess.PATIENCE);
      assertThat(status).as(demo.output()).isZero();
      return demo.output();
    }
  }
}
