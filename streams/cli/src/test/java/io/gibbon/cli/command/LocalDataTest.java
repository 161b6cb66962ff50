package io.gibbon.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.cli.config.GibbonConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose documents a command takes that finds no server, and with which model. */
class LocalDataTest {

  @TempDir Path data;

  @Test
  void ownDocumentsComeBeforeThoseOfTheDemo() throws IOException {
    assertThat(LocalData.find(config(Map.of()))).isEmpty();

    Files.createDirectories(data.resolve("demo/broker"));
    LocalData demo = LocalData.find(config(Map.of())).orElseThrow();
    assertThat(demo.config().data()).isEqualTo(data.resolve("demo"));
    assertThat(demo.config().server().defaultCollection()).isEqualTo("brindle");
    assertThat(demo.name()).startsWith("the documents of the demo");

    Files.createDirectories(data.resolve("broker"));
    LocalData own = LocalData.find(config(Map.of())).orElseThrow();
    assertThat(own.config().data()).isEqualTo(data);
    assertThat(own.config().server().defaultCollection()).isEqualTo("default");
  }

  @Test
  void documentsOfAnExistingKafkaAreNotHere() throws IOException {
    Files.createDirectories(data.resolve("broker"));
    assertThat(LocalData.find(config(Map.of("kafka.bootstrap.servers", "k:9092")))).isEmpty();
  }

  @Test
  void theModelThatRanLastRunsAgainUnlessAnotherIsNamed() throws IOException {
    Files.createDirectories(data.resolve("broker"));
    Path model = Files.writeString(data.resolve("other.gguf"), "");
    LocalData.noteModel(config(Map.of("model", model.toString())));

    assertThat(LocalData.own(config(Map.of())).config().model()).isEqualTo(model.toString());
    assertThat(LocalData.own(config(Map.of("model", "hf:a/b/c.gguf"))).config().model())
        .isEqualTo("hf:a/b/c.gguf");
  }

  private GibbonConfig config(Map<String, String> settings) {
    Map<String, String> flags = new HashMap<>(settings);
    flags.put("data", data.toString());
    return GibbonConfig.of(null, Map.of(), flags);
  }
}
