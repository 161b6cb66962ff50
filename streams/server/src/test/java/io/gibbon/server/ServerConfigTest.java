package io.gibbon.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Settings as text. */
class ServerConfigTest {

  @Test
  void hasDefaultsForEverything() {
    ServerConfig config = ServerConfig.defaults();

    assertThat(config.topK()).isEqualTo(2);
    assertThat(config.attentionTemperature()).isEqualTo(0.8);
    assertThat(config.corsOrigins()).isEmpty();
    assertThat(config.hasKafka()).isFalse();
  }

  @Test
  void readsText() {
    ServerConfig config =
        ServerConfig.of(
            Map.of(
                "port", "0",
                "api-keys", "a, b",
                "request-timeout", "1500",
                "wait-limit", "PT2S",
                "kafka.bootstrap.servers", "localhost:1"));

    assertThat(config.port()).isZero();
    assertThat(config.apiKeys()).containsExactly("a", "b");
    assertThat(config.requestTimeout()).isEqualTo(Duration.ofMillis(1500));
    assertThat(config.waitLimit()).isEqualTo(Duration.ofSeconds(2));
    assertThat(config.kafka()).containsEntry("bootstrap.servers", "localhost:1");
  }

  @Test
  void namesWhatIsWrong() {
    refuses("prot", "1", "unknown setting 'prot'; did you mean 'port'?");
    refuses("port", "http", "port must be a whole number, not 'http'");
    refuses("port", "70000", "port must be between 0 and 65535, not 70000");
    refuses("temperature", "NaN", "temperature must be between 0 and 2, not NaN");
    refuses(
        "wait-limit",
        "soon",
        "wait-limit must be a duration such as PT30S, or milliseconds, not" + " 'soon'");
  }

  private static void refuses(String key, String value, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ServerConfig.of(Map.of(key, value)))
        .withMessage(message);
  }
}
