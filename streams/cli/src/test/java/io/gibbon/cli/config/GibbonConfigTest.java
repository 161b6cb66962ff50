package io.gibbon.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.server.ServerConfig;
import io.gibbon.topology.TopologyConfig;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GibbonConfigTest {

  @TempDir Path directory;

  @Test
  void laterSourcesWin() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("gibbon.properties"),
            "server.port=1\nserver.host=file\nmodel=file\n");
    GibbonConfig config =
        GibbonConfig.of(
            file,
            Map.of("GIBBON_SERVER_PORT", "2", "GIBBON_SERVER_HOST", "environment"),
            Map.of("server.port", "3"));
    assertThat(config.server().port()).isEqualTo(3);
    assertThat(config.server().host()).isEqualTo("environment");
    assertThat(config.model()).isEqualTo("file");
  }

  @Test
  void defaultsAreThoseOfTheModules() {
    GibbonConfig config = GibbonConfig.of(null, Map.of(), Map.of("data", "/d"));
    Path model = Path.of("m.gguf");
    assertThat(config.runtime(model)).isEqualTo(RuntimeConfig.of(model));
    assertThat(config.topology()).isEqualTo(TopologyConfig.of(Map.of("state-dir", "/d/state")));
  }

  @Test
  void readsNestedAndDottedYaml() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("g.yaml"),
            "server:\n  port: 81\ntopology.partitions: 7\nkafka:\n  security.protocol: SSL\n");
    GibbonConfig config = GibbonConfig.of(file, Map.of(), Map.of());
    assertThat(config.server().port()).isEqualTo(81);
    assertThat(config.topology().partitions()).isEqualTo(7);
    assertThat(config.topology().kafka()).containsExactly(Map.entry("security.protocol", "SSL"));
  }

  @Test
  void passesKafkaSettingsOnFromEverySource() {
    GibbonConfig config =
        GibbonConfig.of(
            null,
            Map.of("GIBBON_KAFKA_SASL_MECHANISM", "PLAIN"),
            Map.of("kafka.bootstrap.servers", "a:1,b:2"));
    assertThat(config.bootstrapServers()).isEqualTo("a:1,b:2");
    assertThat(config.topology().kafka())
        .containsOnly(
            Map.entry("sasl.mechanism", "PLAIN"), Map.entry("bootstrap.servers", "a:1,b:2"));
  }

  @Test
  void refusesUnknownKeysNamingTheNearest() throws Exception {
    Path file = Files.writeString(directory.resolve("g.properties"), "topology.partitons=3\n");
    assertThatThrownBy(() -> GibbonConfig.of(file, Map.of(), Map.of()))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContainingAll(file.toString(), "topology.partitons", "topology.partitions");
    assertThatThrownBy(() -> GibbonConfig.of(null, Map.of("GIBBON_MODLE", "x"), Map.of()))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContainingAll("GIBBON_MODLE", "GIBBON_MODEL");
    assertThatThrownBy(() -> GibbonConfig.of(null, Map.of(), Map.of("sever.port", "1")))
        .hasMessageContainingAll("sever.port", "server.port");
  }

  @Test
  void namesTheKeyOfABadValue() {
    assertBad("server.port", "eighty", "server.port");
    assertBad("server.port", "70000", "server.port");
    assertBad("prompt.question", "What?", "question: must contain {question} exactly once");
    assertBad("prompt.context", "{text}\\q{title}", "prompt.context");
    assertBad("runtime.kv-format", "int8", "runtime.kv-format");
    assertBad("runtime.kv-budget-bytes", "5", "runtime.kv-budget-bytes");
    assertBad("topology.partitions", "0", "topology.partitions");
    assertBad("topology.retention", "soon", "topology.retention");
  }

  private static void assertBad(String key, String value, String named) {
    assertThatThrownBy(() -> GibbonConfig.of(null, Map.of(), Map.of(key, value)))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContainingAll(named);
  }

  @Test
  void refusesFilesThatAreNone() throws Exception {
    assertThatThrownBy(() -> GibbonConfig.of(directory.resolve("none"), Map.of(), Map.of()))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContaining("none");
    Path list = Files.writeString(directory.resolve("list.yaml"), "- a\n- b\n");
    assertThatThrownBy(() -> GibbonConfig.of(list, Map.of(), Map.of()))
        .isInstanceOf(InvalidConfigException.class);
    Path broken = Files.writeString(directory.resolve("broken.yaml"), "a: [1\n");
    assertThatThrownBy(() -> GibbonConfig.of(broken, Map.of(), Map.of()))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContaining("broken.yaml");
  }

  @Test
  void keepsDataWhereTheDesktopSays() {
    assertThat(GibbonConfig.of(null, Map.of("XDG_DATA_HOME", "/x"), Map.of()).data())
        .isEqualTo(Path.of("/x/gibbon"));
    assertThat(GibbonConfig.of(null, Map.of(), Map.of()).data().toString())
        .endsWith(".local/share/gibbon");
  }

  @Test
  void changesSomeKeysAndKeepsTheRest() {
    GibbonConfig config =
        GibbonConfig.of(
                null, Map.of(), Map.of("server.port", "5", "data", "/d", "kafka.acks", "all"))
            .with(Map.of("server.port", "6"));
    assertThat(config.server().port()).isEqualTo(6);
    assertThat(config.data()).isEqualTo(Path.of("/d"));
    assertThat(config.topology().kafka()).containsEntry("acks", "all");
  }

  @Test
  void oneLimitOfDocumentsHoldsForServerAndTopology() {
    GibbonConfig config =
        GibbonConfig.of(null, Map.of(), Map.of("topology.max-document-bytes", "5000"));
    assertThat(config.topology().maxDocumentBytes()).isEqualTo(5000);
    assertThat(config.server().maxDocumentBytes()).isEqualTo(5000);
  }

  @Test
  void allTopicsAreCreatedAlike() {
    Map<String, String> flags =
        Map.of(
            "topology.partitions", "7",
            "topology.replication", "3",
            "topology.retention", "PT1H");
    ServerConfig server = GibbonConfig.of(null, Map.of(), flags).server();
    assertThat(server.partitions()).isEqualTo(7);
    assertThat(server.replication()).isEqualTo(3);
    assertThat(server.retention()).isEqualTo(Duration.ofHours(1));
  }

  @Test
  void storesNumbersInTheFormatThatWasAskedFor() {
    GibbonConfig config = GibbonConfig.of(null, Map.of(), Map.of("runtime.kv-format", "F32"));
    assertThat(config.runtime(Path.of("m")).kvFormat()).isEqualTo(KvFormat.F32);
  }

  @Test
  void namesTheSchemaRegistryOfDocuments() {
    GibbonConfig config =
        GibbonConfig.of(
            null, Map.of(), Map.of("topology.schema-registry-urls", "http://a:1,https://b:2"));
    assertThat(config.topology().schemaRegistryUrls())
        .containsExactly(URI.create("http://a:1"), URI.create("https://b:2"));
    assertThat(config.topology().documents().registry()).isNotNull();
    assertBad("topology.schema-registry-urls", "ftp://a", "topology.schema-registry-urls");
    assertThat(config.entries())
        .extracting(GibbonConfig.Entry::key)
        .contains(
            "topology.schema-registry-urls",
            "topology.schema-registry-credentials",
            "topology.schema-registry-timeout");
  }

  @Test
  void theWordsAroundQuestionsAreOneLine() {
    GibbonConfig config =
        GibbonConfig.of(
            null, Map.of(), Map.of("prompt.question", "{question}\\nSay unknown if unsure."));
    assertThat(config.runtime(Path.of("m")).promptFormat().question())
        .isEqualTo("{question}\nSay unknown if unsure.");
  }

  @Test
  void explainsEverySetting() {
    assertThat(GibbonConfig.of(null, Map.of(), Map.of()).entries())
        .allSatisfy(entry -> assertThat(entry.doc()).endsWith("."))
        .extracting(GibbonConfig.Entry::key)
        .contains("server.port", "topology.durability", "runtime.threads");
  }
}
