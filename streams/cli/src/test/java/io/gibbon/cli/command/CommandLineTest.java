package io.gibbon.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.cli.Main;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.TinyModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CommandLineTest {

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final CommandLine gibbon =
      Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));

  @Test
  void explainsEveryCommand() {
    for (CommandLine command : gibbon.getSubcommands().values()) {
      String usage = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
      assertThat(usage).contains("Usage: gibbon");
      assertThat(command.getCommandSpec().usageMessage().description()).isNotEmpty();
    }
  }

  @Test
  void withoutACommandSaysHowToUseIt() {
    assertThat(gibbon.execute()).isEqualTo(2);
    assertThat(err.toString()).contains("which command?", "Usage: gibbon", "gibbon demo");
  }

  @Test
  void namesTheNearestSettingInOneLine() {
    assertThat(gibbon.execute("config", "--set", "server.prot=1")).isEqualTo(1);
    assertThat(err.toString()).contains("server.prot", "server.port").doesNotContain("\tat ");
  }

  @Test
  void namesTheNearestFlagAndCommand() {
    assertThat(gibbon.execute("up", "--prot", "1")).isEqualTo(2);
    assertThat(err.toString())
        .contains("'--prot'", "Did you mean '--port'?", "`gibbon up --help`")
        .doesNotContain("Usage:");
    assertThat(gibbon.execute("aks", "Anyone?")).isEqualTo(2);
    assertThat(err.toString()).contains("'aks'", "Did you mean 'ask'?");
  }

  @Test
  void printsOneSetting() {
    assertThat(gibbon.execute("config", "server.port", "--set", "server.port=1234")).isZero();
    assertThat(out.toString()).contains("\nserver.port=1234").doesNotContain("server.host");
    assertThat(gibbon.execute("config", "server.prot")).isEqualTo(1);
    assertThat(err.toString()).contains("unknown setting 'server.prot'", "'server.port'");
  }

  @Test
  void printsAConfigurationThatItReadsBack() throws Exception {
    assertThat(gibbon.execute("config", "--set", "server.port=1234")).isZero();
    assertThat(out.toString()).contains("\nserver.port=1234").contains("#runtime.threads=0");
    Path file = Files.writeString(directory.resolve("c.properties"), out.toString());
    assertThat(gibbon.execute("config", "--config", file.toString())).isZero();
  }

  @Test
  void neverPrintsSecrets() throws Exception {
    assertThat(
            gibbon.execute(
                "config",
                "--set",
                "server.api-keys=s3cret",
                "--set",
                "topology.schema-registry-credentials=me:s3cret",
                "--set",
                "topology.schema-registry-urls=http://registry",
                "--set",
                "kafka.sasl.jaas.config=x required password=\"s3cret\";",
                "--set",
                "kafka.ssl.keystore.password=s3cret",
                "--set",
                "kafka.producer.ssl.key.password=s3cret",
                "--set",
                "kafka.security.protocol=SSL"))
        .isZero();
    assertThat(out.toString())
        .doesNotContain("s3cret")
        .contains("#server.api-keys=(set, not shown)", "\nkafka.security.protocol=SSL")
        .contains("#kafka.sasl.jaas.config=(set, not shown)");
    String address = "topology.schema-registry-urls=http://me:s3cret@registry";
    assertThat(gibbon.execute("config", "--set", address)).isEqualTo(1);
    assertThat(err.toString()).contains("schema-registry-credentials").doesNotContain("s3cret");
    Path bad = directory.resolve("bad.yaml");
    Files.writeString(bad, "server:\n  api-keys: s3cret: [\n");
    assertThat(gibbon.execute("config", "--config", bad.toString())).isEqualTo(1);
    assertThat(err.toString()).contains("bad.yaml, line 2").doesNotContain("s3cret");
  }

  @Test
  void saysHowToStartAServerWhenNoneIsThere() {
    assertThat(gibbon.execute("ask", "--url", "http://127.0.0.1:1", "Anyone there?")).isEqualTo(1);
    assertThat(err.toString()).contains("no server at http://127.0.0.1:1", "gibbon up");
  }

  @Test
  void startsNoServerWhereThereIsNothingToAsk() {
    String data = directory.resolve("none").toString();
    String port = "server.port=1";
    assertThat(gibbon.execute("ask", "--data", data, "--set", port, "Anyone?")).isEqualTo(1);
    assertThat(err.toString()).contains("no server at http://127.0.0.1:1", "gibbon up");
    assertThat(gibbon.execute("calibrate", "--data", data, "--set", port)).isEqualTo(1);
    assertThat(directory.resolve("none")).doesNotExist();
  }

  @Test
  void asksAModelWithoutAServer() {
    String model = TinyModel.writeDefault(directory).toString();
    assertThat(gibbon.execute("ask", "--model", model, "--max-tokens", "3", "Anyone?")).isZero();
    assertThat(out.toString()).isNotBlank();
    assertThat(err.toString()).contains("no documents were used", "3 tokens in ");
    assertThat(gibbon.execute("ask", "--model", model, "x ".repeat(100_000))).isEqualTo(1);
    assertThat(err.toString()).contains("too many for the model's window");
    assertThat(gibbon.execute("ask", "--model", model, "-c", "minutes", "Anyone?")).isEqualTo(1);
    assertThat(err.toString()).contains("leave out --url, --collection, --top-k");
  }

  @Test
  void serveWantsAKafka() {
    assertThat(gibbon.execute("serve", "--data", directory.toString())).isEqualTo(1);
    assertThat(err.toString()).contains("--bootstrap-servers");
  }

  @Test
  void upNeverJoinsAnExistingKafka() {
    String kafka = "kafka.bootstrap.servers=127.0.0.1:1";
    assertThat(gibbon.execute("up", "--data", directory.toString(), "--set", kafka)).isEqualTo(1);
    assertThat(err.toString()).contains("kafka.bootstrap.servers", "127.0.0.1:1", "gibbon serve");
  }

  @Test
  void demoKeepsToItself() {
    GibbonConfig wanted =
        GibbonConfig.of(
            null,
            Map.of("GIBBON_KAFKA_SASL_MECHANISM", "PLAIN", "GIBBON_SERVER_API_KEYS", "secret"),
            Map.of("kafka.bootstrap.servers", "production:9092", "data", "/d", "model", "m"));
    GibbonConfig config = DemoCommand.ofItsOwn(wanted);
    assertThat(config.bootstrapServers()).isEmpty();
    assertThat(config.topology().kafka()).isEmpty();
    assertThat(config.server().kafka()).isEmpty();
    assertThat(config.server().apiKeys()).isEmpty();
    assertThat(config.data()).isEqualTo(Path.of("/d/demo"));
    assertThat(config.model()).isEqualTo("m");
  }

  @Test
  void ingestNamesAPathThatIsNotThere() {
    assertThat(gibbon.execute("ingest", directory.resolve("none").toString())).isEqualTo(1);
    assertThat(err.toString()).contains("there is no file or directory");
  }

  @Test
  void ingestSaysThatADirectoryHasNoFiles() throws Exception {
    Path empty = Files.createDirectory(directory.resolve("empty"));
    assertThat(gibbon.execute("ingest", empty.toString())).isEqualTo(1);
    assertThat(err.toString()).contains("there is no file below " + empty);
  }

  @Test
  void ingestStopsAtOnceWhereNobodyListens() throws Exception {
    for (int i = 0; i < 50; i++) {
      Files.writeString(directory.resolve(i + ".txt"), "x");
    }
    assertThat(gibbon.execute("ingest", "--url", "http://127.0.0.1:1", directory.toString()))
        .isEqualTo(1);
    assertThat(err.toString()).containsOnlyOnce("no server at http://127.0.0.1:1");
  }

  @Test
  void ingestGoesWhereTheFlagPoints() {
    String url = "http://127.0.0.1:1";
    String file = directory.resolve("config.properties").toString();
    write("config.properties", "kafka.bootstrap.servers=127.0.0.1:2");
    assertThat(gibbon.execute("ingest", "--config", file, "--url", url, file)).isEqualTo(1);
    assertThat(err.toString()).contains("no server at " + url);
    assertThat(gibbon.execute("ingest", "--bootstrap-servers", "x:1", "--url", url, file))
        .isEqualTo(1);
    assertThat(err.toString()).contains("either --url or --bootstrap-servers, not both");
  }

  @Test
  void ingestRefusesTwoFilesOfOneId() {
    write("a/readme.md", "one");
    write("b/readme.md", "two");
    write("a/lines.jsonl", "");
    write("b/lines.jsonl", "");
    String url = "http://127.0.0.1:1";
    String a = directory.resolve("a").toString();
    String b = directory.resolve("b").toString();
    assertThat(gibbon.execute("ingest", "--url", url, a, b)).isEqualTo(1);
    assertThat(err.toString())
        .contains(a + "/readme.md and " + b + "/readme.md would both be document readme.md");
    assertThat(gibbon.execute("ingest", "--url", url, "-", "--id", "readme.md", a)).isEqualTo(1);
    assertThat(err.toString()).contains("standard input and " + a + "/readme.md");
    err.getBuffer().setLength(0);
    assertThat(gibbon.execute("ingest", "--url", url, directory.toString(), a + "/../a"))
        .isEqualTo(1);
    assertThat(err.toString()).contains("no server").doesNotContain("would both be");
  }

  private void write(String name, String text) {
    try {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void checkNumericsNamesAToleranceThatIsNone() {
    assertThat(gibbon.execute("check-numerics", "x.json", "--tolerance", "-1")).isEqualTo(1);
    assertThat(err.toString()).contains("--tolerance");
  }

  @Test
  void evalNamesWhatWillNotDoBeforeItOpensAModel() {
    write(
        "items.jsonl",
        "{\"question\": \"q\", \"answers\": [\"a\"], \"contexts\": [{\"text\": \"t\"}]}");
    String report = directory.resolve("report.html").toString();
    refusesEval("there is no mode apes; there are: sequential", "--modes", "apes");
    refusesEval("--limit must be at least 1", "--limit", "0");
    refusesEval("keep must be at least 1", "--keep", "0");
    refusesEval("--json: there is no directory", "--json", directory + "/none/out.json");
    refusesEval("--report: " + directory + " is a directory", "--report", directory.toString());
    refusesEval("must be different files", "--report", report, "--json", report);
    refusesEval("must be different files", "--json", report);
    refusesEval("must be different files", "--report", directory + "/./items.jsonl");
  }

  private void refusesEval(String reason, String... arguments) {
    err.getBuffer().setLength(0);
    Stream<String> all =
        Stream.concat(
            Stream.of("eval", "--model", "none.gguf", directory.resolve("items.jsonl").toString()),
            Stream.of(arguments));
    assertThat(gibbon.execute(all.toArray(String[]::new))).isEqualTo(1);
    assertThat(err.toString()).contains(reason).doesNotContain("none.gguf");
  }

  @Test
  void doctorLooksAtMachineAndPorts() {
    gibbon.execute("doctor", "--data", directory.toString(), "--set", "server.port=0");
    assertThat(out.toString())
        .contains("Java", "Processor", "Memory", "Data directory", "HTTP port");
  }

  @Test
  void doctorSaysWhatToDoAboutAKafkaThatIsAbsent() {
    int status =
        gibbon.execute(
            "doctor", "--data", directory.toString(), "--bootstrap-servers", "127.0.0.1:1");
    assertThat(status).isEqualTo(1);
    assertThat(out.toString()).contains("missing", "127.0.0.1:1", "kafka.bootstrap.servers");
  }

  @Test
  void generatesACompletionScript() {
    assertThat(gibbon.execute("generate-completion")).isZero();
    assertThat(out.toString()).contains("_complete_gibbon", "check-numerics");
  }
}
