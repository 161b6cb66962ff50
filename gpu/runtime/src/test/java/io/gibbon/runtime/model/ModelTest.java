package io.gibbon.runtime.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.TinyModel;
import io.gibbon.runtime.model.ModelDescription.Activation;
import io.gibbon.runtime.model.RopeDescription.Pairing;
import io.gibbon.runtime.model.RopeDescription.Scaling;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class ModelTest {

  @TempDir Path directory;

  @Test
  void theDescriptionIsWhatTheMetadataSays() {
    try (Model model = Model.open(TinyModel.writeDefault(directory))) {
      assertThat(model.description())
          .isEqualTo(
              new ModelDescription(
                  "llama",
                  2,
                  64,
                  128,
                  4,
                  2,
                  16,
                  model.metadata().count("tokenizer.ggml.tokens"),
                  4096,
                  1e-5f,
                  1,
                  0.25,
                  Activation.SILU,
                  new RopeDescription(10_000, 16, Pairing.ADJACENT, Scaling.NONE),
                  null));
    }
  }

  @ParameterizedTest
  @FieldSource("io.gibbon.runtime.TinyModel#WEIGHTS")
  void weightsOfEveryTypeAreFoundWithTheirShape(TensorType type) {
    Path path = TinyModel.DEFAULT.withWeights(type).write(directory.resolve("tiny.gguf"));
    try (Model model = Model.open(path)) {
      Tensor down = model.tensor("blk.1.ffn_down.weight").orElseThrow();
      assertThat(down.type()).isEqualTo(type);
      assertThat(down.columns()).isEqualTo(128);
      assertThat(down.rows()).isEqualTo(64);
      assertThat(down.data().byteSize())
          .isEqualTo(128L * 64 / type.blockLength() * type.blockBytes());
      assertThat(model.tensor("output.weight")).isEmpty();
    }
  }

  @Test
  void weightsAreTheFilesBytesAndReadOnly() {
    try (Model model = Model.open(TinyModel.writeDefault(directory))) {
      Tensor norm = model.tensor("output_norm.weight").orElseThrow();
      assertThat(norm.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isBetween(0.9f, 1.1f);
      assertThat(norm.data().isReadOnly()).isTrue();
    }
  }

  @Test
  void theFingerprintIsTheFilesSha256() throws Exception {
    Path path = TinyModel.writeDefault(directory);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(path));
    try (Model model = Model.open(path)) {
      assertThat(model.sha256()).isEqualTo(HexFormat.of().formatHex(digest));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SmolLM2-135M-Instruct.Q4_1.gguf, smollm2-135m-instruct",
    "Llama-3.2-1B-Instruct-Q4_K_M.gguf, llama-3.2-1b-instruct",
    "qwen2.5-0.5b-instruct-q8_0.gguf, qwen2.5-0.5b-instruct",
    "model-f16.GGUF, model",
    "tiny.gguf, tiny",
  })
  void theNameIsTheFilesWithoutTypeAndExtension(String file, String name) {
    try (Model model = Model.open(TinyModel.DEFAULT.write(directory.resolve(file)))) {
      assertThat(model.name()).isEqualTo(name);
    }
  }

  @Test
  void aClosedModelCannotBeRead() {
    Model model = Model.open(TinyModel.writeDefault(directory));
    Tensor tensor = model.tensor("output_norm.weight").orElseThrow();
    model.close();
    assertThatThrownBy(() -> tensor.data().get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}
