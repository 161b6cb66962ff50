package io.gibbon.cli.bench;

import io.gibbon.bench.BenchResult;
import io.gibbon.cli.Gibbon;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.cli.ingest.KafkaSink;
import io.gibbon.schemas.Document;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * From the produce call of a document of about 100 tokens until answers can use it, one document
 * after the other.
 */
public final class FreshnessBench {

  private static final int WARMUPS = 5;
  private static final double GOAL_SECONDS = 2;
  private static final String COLLECTION = "bench";
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String SENTENCE =
      "The keeper of house %d counts %d boats in the bay every evening. ";

  private FreshnessBench() {}

  /**
   * Median and 99th percentile over a number of documents, with a broker and a server of its own.
   */
  public static List<BenchResult> run(GibbonConfig config, int documents) throws IOException {
    try (TemporaryDirectory data = TemporaryDirectory.create();
        Gibbon gibbon = Gibbon.start(own(config, data), step -> {})) {
      gibbon.awaitReady(PATIENCE);
      return results(measure(gibbon, documents), documents);
    }
  }

  private static GibbonConfig own(GibbonConfig config, TemporaryDirectory data) {
    return config.with(
        Map.of(
            "data", data.path().toString(),
            "broker.port", "0",
            "server.port", "0",
            "kafka.bootstrap.servers", ""));
  }

  private static Histogram measure(Gibbon gibbon, int documents) {
    Histogram histogram = new Histogram(TimeUnit.MINUTES.toNanos(10), 3);
    GibbonConfig config = gibbon.config();
    try (GibbonClient client = new GibbonClient(gibbon.url(), null);
        KafkaSink sink = new KafkaSink(config.topology())) {
      for (int i = -WARMUPS; i < documents; i++) {
        long start = System.nanoTime();
        String id = "d" + i;
        long timestamp = sink.put(document(id, i)).join();
        client.awaitEncoded(COLLECTION, id, timestamp);
        if (i >= 0) {
          histogram.recordValue(System.nanoTime() - start);
        }
      }
    }
    return histogram;
  }

  private static Document document(String id, int number) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      text.append(SENTENCE.formatted(number, i));
    }
    return Document.newBuilder()
        .setCollection(COLLECTION)
        .setId(id)
        .setTitle("House " + number)
        .setText(text.toString())
        .build();
  }

  private static List<BenchResult> results(Histogram histogram, int documents) {
    double spread =
        (double) (histogram.getMaxValue() - histogram.getMinValue())
            / histogram.getValueAtPercentile(50);
    return List.of(
        result("freshness/p50", histogram.getValueAtPercentile(50), null, documents, spread),
        result(
            "freshness/p99", histogram.getValueAtPercentile(99), GOAL_SECONDS, documents, spread));
  }

  private static BenchResult result(
      String name, long nanos, @Nullable Double goal, int documents, double spread) {
    return new BenchResult(name, nanos / 1e9, "s", null, null, null, goal, documents, spread);
  }
}
