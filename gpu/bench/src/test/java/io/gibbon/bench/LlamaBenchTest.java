package io.gibbon.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The peer's figures from a program that answers as llama-bench does. */
class LlamaBenchTest {

  @TempDir Path directory;

  private final List<String> measured = new ArrayList<>();
  private Path model;
  private Path kept;

  @BeforeEach
  void files() throws IOException {
    model = Files.writeString(directory.resolve("model.gguf"), "weights");
    kept = directory.resolve("cache").resolve("peers.json");
  }

  @Test
  void theBestVariantCounts() throws IOException {
    LlamaBench peer =
        peer(answering("case \"$*\" in *q8_0*) ts=3 ;; *'-fa on'*) ts=5 ;; *) ts=4 ;; esac"));
    assertThat(peer.prefill(512, 0)).isEqualTo(5);
    assertThat(measured).hasSize(3).allMatch(line -> line.contains("-p 512"));
  }

  @Test
  void figuresAreKeptByBinaryAndModel() throws IOException {
    Path binary = answering("ts=7");
    peer(binary).decode(2048);
    measured.clear();
    assertThat(peer(binary).decode(2048)).isEqualTo(7);
    assertThat(measured).isEmpty();

    Files.writeString(model, "other weights");
    peer(binary).decode(2048);
    assertThat(measured).hasSize(3);
  }

  @Test
  void figuresOfTwoModelsAreKeptBesideEachOther() throws IOException {
    Path binary = answering("ts=7");
    LlamaBench one = peer(binary);
    model = Files.writeString(directory.resolve("other.gguf"), "other weights");
    LlamaBench other = peer(binary);
    other.decode(2048);
    one.decode(2048);
    measured.clear();
    assertThat(peer(binary).decode(2048)).isEqualTo(7);
    assertThat(measured).isEmpty();
  }

  @Test
  void veryLongPromptsAreMeasuredWithOneVariantOnce() throws IOException {
    LlamaBench peer = peer(answering("case \"$*\" in *q8_0*) ts=9 ;; *) ts=1 ;; esac"));
    assertThat(peer.prefill(16_384, 0)).isEqualTo(9);
    assertThat(measured).filteredOn(line -> line.contains("-p 16384")).hasSize(1);
    assertThat(measured)
        .filteredOn(line -> line.contains("-p 16384"))
        .first()
        .asString()
        .contains("q8_0");
  }

  @Test
  void aFailureSaysWhatThePeerSaid() throws IOException {
    Path binary = program("echo 'no such model' >&2; exit 3");
    assertThatThrownBy(() -> peer(binary).decode(0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ended with status 3: no such model");
    assertThatThrownBy(() -> peer(directory.resolve("absent"))).isInstanceOf(IOException.class);
  }

  private LlamaBench peer(Path binary) throws IOException {
    return new LlamaBench(binary, model, 2, "test cpu", kept, measured::add);
  }

  private Path answering(String choice) throws IOException {
    return program(choice + "\necho \"[{\\\"n_prompt\\\": 1, \\\"avg_ts\\\": $ts}]\"");
  }

  private Path program(String script) throws IOException {
    Path file = Files.writeString(directory.resolve("llama-bench"), "#!/bin/sh\n" + script + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
