package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopologyConfigTest {

  @Test
  void everythingHasADefault() {
    TopologyConfig config = TopologyConfig.defaults();

    assertThat(config.documentsTopic()).isEqualTo("documents");
    assertThat(config.maxFutureSkew()).isEqualTo(Duration.ofHours(1));
    assertThat(config.attempts()).isEqualTo(3);
    assertThat(config.writeBytes()).isEqualTo(8 << 20);
    assertThat(config.durability()).isEqualTo(Durability.CHANGELOG);
  }

  @Test
  void settingsAreReadFromText() {
    TopologyConfig config =
        TopologyConfig.of(
            Map.of(
                "durability", "rebuild",
                "retention", "PT48H",
                "punctuation", "20",
                "kafka.bootstrap.servers", "somewhere:9092"));

    assertThat(config.durability()).isEqualTo(Durability.REBUILD);
    assertThat(config.retention()).isEqualTo(Duration.ofDays(2));
    assertThat(config.punctuation()).isEqualTo(Duration.ofMillis(20));
    assertThat(GibbonTopology.settings(config))
        .containsEntry("bootstrap.servers", "somewhere:9092");
  }

  @Test
  void topicsTakeTheTimesThatWeTake() {
    String limit = "topic.message.timestamp.after.max.ms";
    assertThat(GibbonTopology.settings(TopologyConfig.defaults())).doesNotContainKey(limit);
    assertThat(GibbonTopology.settings(TopologyConfig.of(Map.of("max-future-skew", "PT2H"))))
        .containsEntry(limit, Long.MAX_VALUE);
  }

  @Test
  void anUnknownSettingIsRefusedWithTheNearestKnownOne() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TopologyConfig.of(Map.of("atempts", "3")))
        .withMessageContaining("atempts")
        .withMessageContaining("did you mean attempts?");
  }

  @Test
  void valuesThatDoNotFitAreRefusedByName() {
    refused("partitions", "0", "partitions: 0 is not within 1");
    refused("partitions", "many", "partitions: \"many\" is not a whole number");
    refused("retention", "-PT1H", "retention");
    refused("durability", "maybe", "durability: \"maybe\" is not one of");
    refused("documents-topic", "no spaces", "documents-topic");
    refused("pending-bytes", "1", "pending-bytes");
    refused("schema-registry-urls", "registry:8081", "schema-registry-urls: \"registry:8081\"");
    refused("schema-registry-urls", "http://a b", "schema-registry-urls: \"http://a b\"");
    refused("schema-registry-timeout", "0", "schema-registry-timeout");
    refused("partitions", "4294967300", "partitions: 4294967300 is not within");
    refused("replication", "65539", "replication: 65539 is not within");
    refused("write-bytes", "4303355904", "write-bytes: 4303355904 is not within");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://alice:s3cret@registry",
        "http://alice:s3/cret@registry",
        "http://ok,http://alice:s3 cret@registry"
      })
  void aRegistrysPasswordIsRefusedInItsAddressAndNotShown(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TopologyConfig.of(Map.of("schema-registry-urls", address)))
        .withMessage(
            "schema-registry-urls: an address holds credentials, set them in"
                + " schema-registry-credentials")
        .withNoCause();
  }

  private static void refused(String key, String value, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TopologyConfig.of(Map.of(key, value)))
        .withMessageContaining(message);
  }
}
