package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.cli.ingest.DocumentFiles;
import io.gibbon.cli.ingest.DocumentSink;
import io.gibbon.cli.ingest.HttpSink;
import io.gibbon.cli.ingest.Ingestion;
import io.gibbon.cli.ingest.Item;
import io.gibbon.cli.ingest.KafkaSink;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
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
    description =
        "Give documents to a running server, or straight to Kafka with --bootstrap-servers.",
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
      "unchanged content is not encoded again.",
      "",
      "  gibbon ingest notes/",
      "  gibbon ingest --collection minutes minutes.jsonl",
      "  echo \"The key is under the mat.\" | gibbon ingest - --id key"
    })
final class IngestCommand implements Callable<Integer> {

  private static final int REASONS_SHOWN = 10;

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
      defaultValue = "stdin",
      description = "Id of a text from standard input. Default: ${DEFAULT-VALUE}.")
  private String id = "stdin";

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Produce to this Kafka instead of asking a server to.")
  private @Nullable String bootstrapServers;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Map<String, String> flags =
        bootstrapServers == null ? Map.of() : Map.of("kafka.bootstrap.servers", bootstrapServers);
    GibbonConfig config = options.read(flags);
    DocumentFiles files = new DocumentFiles(collection);
    Map<Path, Path> found = find(files);
    try (GibbonClient client = address.client(config);
        DocumentSink sink = sink(config, client);
        ProgressBar bar = Progress.bar("documents", found.size())) {
      Ingestion ingestion = new Ingestion(sink, bar::step);
      for (Map.Entry<Path, Path> file : found.entrySet()) {
        files.read(file.getValue(), file.getKey(), item -> offer(ingestion, bar, item));
      }
      if (paths.contains("-")) {
        files.readStream(System.in, id, item -> offer(ingestion, bar, item));
      }
      sink.flush();
      bar.close();
      return report(ingestion);
    }
  }

  private static void offer(Ingestion ingestion, ProgressBar bar, Item item) {
    bar.maxHint(Math.max(bar.getMax(), ingestion.seen() + 1));
    ingestion.accept(item);
  }

  /** Files to the path that was named, in order. */
  private Map<Path, Path> find(DocumentFiles files) throws IOException {
    Map<Path, Path> found = new LinkedHashMap<>();
    for (String name : paths) {
      if (!name.equals("-")) {
        Path root = Path.of(name);
        try {
          files.list(root).forEach(file -> found.put(file, root));
        } catch (NoSuchFileException e) {
          throw new UserException("there is no file or directory " + root, e);
        }
      }
    }
    return found;
  }

  private DocumentSink sink(GibbonConfig config, GibbonClient client) {
    return config.bootstrapServers().isEmpty()
        ? new HttpSink(client)
        : new KafkaSink(config.topology());
  }

  private int report(Ingestion ingestion) {
    PrintWriter out = spec.commandLine().getOut();
    List<Item.Refused> refused = ingestion.refused();
    out.printf(
        "%,d documents acknowledged, %,d refused%n", ingestion.acknowledged(), refused.size());
    Map<String, Long> reasons =
        refused.stream()
            .collect(
                Collectors.groupingBy(
                    Item.Refused::reason, LinkedHashMap::new, Collectors.counting()));
    reasons.forEach((reason, count) -> out.printf("  %,d: %s%n", count, reason));
    refused.stream()
        .limit(REASONS_SHOWN)
        .forEach(item -> out.printf("  %s: %s%n", item.source(), item.reason()));
    if (refused.size() > REASONS_SHOWN) {
      out.printf("  and %,d more%n", refused.size() - REASONS_SHOWN);
    }
    out.flush();
    return refused.isEmpty() ? 0 : 1;
  }
}
