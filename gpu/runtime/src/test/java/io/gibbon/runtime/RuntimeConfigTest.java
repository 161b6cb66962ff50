package io.gibbon.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class RuntimeConfigTest {

  private static final Path MODEL = Path.of("model.gguf");

  @Test
  void defaultsAreAsDocumented() {
    RuntimeConfig config = RuntimeConfig.of(MODEL);
    assertThat(config.backend()).isEqualTo("auto");
    assertThat(config.threads()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(config.contextTokens()).isEqualTo(256);
    assertThat(config.kvBudgetBytes()).isEqualTo(1L << 30);
  }

  @Test
  void absurdValuesAreRefusedByKeyAndLimit() {
    refused(b -> b.backend(" "), "backend");
    refused(b -> b.threads(0), "threads must be between 1 and 1,024, not 0");
    refused(b -> b.contextTokens(8), "contextTokens must be between 16 and 8,192");
    refused(b -> b.maxSequences(-1), "maxSequences");
    refused(b -> b.queueLimit(-1), "queueLimit");
    refused(b -> b.kvBudgetBytes(5), "kvBudgetBytes must be at least 1,048,576, not 5");
    refused(b -> b.encodeAheadBytes(0), "encodeAheadBytes");
  }

  private static void refused(Consumer<RuntimeConfig.Builder> change, String message) {
    RuntimeConfig.Builder builder = RuntimeConfig.builder(MODEL);
    change.accept(builder);
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
