package io.gibbon.cli.command;

import io.gibbon.cli.Gibbon;
import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.cli.ingest.DocumentFiles;
import io.gibbon.cli.ingest.DocumentSink;
import io.gibbon.cli.ingest.HttpSink;
import io.gibbon.cli.ingest.Ingestion;
import io.gibbon.cli.ingest.Item;
import io.gibbon.cli.ingest.KafkaSink;
import io.gibbon.topology.TopologyMetrics;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Gives documents to a server or to Kafka. */
@Command(
    name = "ingest",
    mixinStandardHelpOptions = true,
    description = "Give documents to a server, or straight to Kafka with --bootstrap-servers.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:everything was acknowledged",
      "1:something was refused; the reasons are printed"
    },
    footer = {
      "",
      "Text (.txt) and Markdown (.md) are taken as they are; JSON lines (.jsonl) are one document each",
      "({\"id\":\"x\",\"title\":\"...\",\"text\":\"...\"}); PDF, HTML and office files go through Apache Tika.",
      "A file's id is its path below the directory named. Ingesting a file again replaces the document;",
      "unchanged content is not encoded again. Where no server runs, one is started until all is encoded.",
      "",
      "  gibbon ingest notes/",
      "  gibbon ingest --collection minutes minutes.jsonl",
      "  echo \"The key is under the mat.\" | gibbon ingest - --id key"
    })
final class IngestCommand implements Callable<Integer> {

  private static final Duration POLL = Duration.ofMillis(50);
  private static final int REASONS_SHOWN = 10;
  private static final String STANDARD_INPUT = "-";
  private static final String STANDARD_INPUT_ID = "stdin";
  private static final String BOOTSTRAP_SERVERS = "kafka.bootstrap.servers";

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ServerAddress address = new ServerAddress();

  @Parameters(
      arity = "1..*",
      paramLabel = "PATH",
      description = "Files, directories, or - for standard input.")
  private List<String> paths = new ArrayList<>();

  @Option(
      names = {"-c", "--collection"},
      paramLabel = "NAME",
      defaultValue = "default",
      description = "Collection of the documents. Default: ${DEFAULT-VALUE}.")
  private String collection = "default";

  @Option(
      names = "--id",
      paramLabel = "ID",
      description =
          "Standard input is one text with this id. Without it: JSON lines if it begins with a"
              + " brace, else one text with the id stdin.")
  private @Nullable String id;

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Produce to this Kafka instead of asking a server to.")
  private @Nullable String bootstrapServers;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    GibbonConfig config = config();
    DocumentFiles files = new DocumentFiles(collection, config.topology().maxDocumentBytes());
    List<Item.Refused> unseen = new ArrayList<>();
    Collection<DocumentFiles.Source> found = find(files, unseen::add);
    if (found.isEmpty() && unseen.isEmpty() && !paths.contains(STANDARD_INPUT)) {
      throw new UserException("there is no file below " + String.join(", ", paths));
    }
    try (Connection server = server(config);
        DocumentSink sink = sink(config, server)) {
      ProgressBar bar = Progress.bar("documents", found.size() + unseen.size());
      Ingestion ingestion = new Ingestion(sink, bar::step);
      Consumer<Item> offer = item -> offer(ingestion, bar, item);
      try (bar) {
        unseen.forEach(offer);
        found.forEach(source -> files.read(source, offer));
        if (paths.contains(STANDARD_INPUT)) {
          readStandardInput(files, offer);
        }
      } finally {
        sink.flush();
        report(ingestion);
      }
      if (server != null) {
        server.own().ifPresent(own -> awaitEncoded(own, ingestion.acknowledged()));
      }
      return ingestion.refused().isEmpty() ? 0 : 1;
    }
  }

  private @Nullable Connection server(GibbonConfig config) {
    return config.bootstrapServers().isEmpty()
        ? address.connectToWrite(config, spec.commandLine().getErr())
        : null;
  }

  private static DocumentSink sink(GibbonConfig config, @Nullable Connection server) {
    return server == null ? new KafkaSink(config.topology()) : new HttpSink(server.client());
  }

  /** A server of our own goes when we go, and would encode what is left when it next starts. */
  private static void awaitEncoded(Gibbon own, int written) {
    TopologyMetrics seen = own.metrics();
    try (ProgressBar bar = Progress.bar("encoded", written)) {
      while (seen.read() < written || seen.pending.get() > 0) {
        own.failure()
            .ifPresent(
                reason -> {
                  throw new UserException(reason);
                });
        bar.stepTo(Math.max(0, seen.read() - seen.pending.get()));
        Thread.sleep(POLL);
      }
      bar.stepTo(written);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted; what is not encoded will be at the next start", e);
    }
  }

  /** Whoever names a server means that server, whatever Kafka is configured. */
  private GibbonConfig config() {
    boolean namesKafka = bootstrapServers != null || options.sets(BOOTSTRAP_SERVERS);
    if (address.given() && namesKafka) {
      throw new UserException("give either --url or --bootstrap-servers, not both");
    }
    String kafka = address.given() ? "" : bootstrapServers;
    return options.read(kafka == null ? Map.of() : Map.of(BOOTSTRAP_SERVERS, kafka));
  }

  private void readStandardInput(DocumentFiles files, Consumer<Item> offer) throws IOException {
    if (id == null) {
      files.readStream(System.in, STANDARD_INPUT_ID, offer);
    } else {
      files.readText(System.in, id, offer);
    }
  }

  private static void offer(Ingestion ingestion, ProgressBar bar, Item item) {
    bar.maxHint(Math.max(bar.getMax(), ingestion.seen() + 1));
    ingestion.accept(item);
  }

  /** Every file once, in order. */
  private Collection<DocumentFiles.Source> find(DocumentFiles files, Consumer<Item.Refused> refused)
      throws IOException {
    Map<Path, DocumentFiles.Source> found = new LinkedHashMap<>();
    for (String name : paths) {
      if (!name.equals(STANDARD_INPUT)) {
        try {
          files
              .list(Path.of(name), refused)
              .forEach(
                  source -> found.putIfAbsent(source.file().toAbsolutePath().normalize(), source));
        } catch (NoSuchFileException e) {
          throw new UserException("there is no file or directory " + name, e);
        }
      }
    }
    requireDistinct(found.values());
    return found.values();
  }

  /** Of two documents with one id the first would be gone. */
  private void requireDistinct(Collection<DocumentFiles.Source> found) {
    Map<String, String> owners = new HashMap<>();
    if (paths.contains(STANDARD_INPUT)) {
      owners.put(id == null ? STANDARD_INPUT_ID : id, "standard input");
    }
    for (DocumentFiles.Source source : found) {
      String file = source.file().toString();
      String other = source.namesItsDocuments() ? null : owners.put(source.id(), file);
      if (other != null) {
        throw new UserException(
            "%s and %s would both be document %s, which is their path below what was named: name a directory above both, or ingest them into two collections"
                .formatted(other, file, source.id()));
      }
    }
  }

  private void report(Ingestion ingestion) {
    PrintWriter out = spec.commandLine().getOut();
    List<Item.Refused> refused = ingestion.refused();
    out.printf(
        "%,d documents acknowledged, %,d refused%n", ingestion.acknowledged(), refused.size());
    refused.stream()
        .limit(REASONS_SHOWN)
        .forEach(item -> out.printf("  %s: %s%n", item.source(), item.reason()));
    if (refused.size() > REASONS_SHOWN) {
      out.println("in all:");
      refused.stream()
          .collect(
              Collectors.groupingBy(
                  Item.Refused::reason, LinkedHashMap::new, Collectors.counting()))
          .forEach((reason, count) -> out.printf("  %,d times: %s%n", count, reason));
    }
    out.flush();
  }
}
