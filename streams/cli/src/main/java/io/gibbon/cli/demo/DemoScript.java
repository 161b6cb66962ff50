package io.gibbon.cli.demo;

import io.gibbon.cli.UserException;
import io.gibbon.cli.client.Answer;
import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.command.AnswerReport;
import io.gibbon.cli.command.Progress;
import io.gibbon.cli.ingest.KafkaSink;
import io.gibbon.schemas.Document;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;

/**
 * The demonstration: documents in through Kafka, questions over HTTP, every step checked. A file in
 * the data directory remembers that the script has been played to its end; then the corpus is as
 * the script left it, and nothing is produced again.
 */
public final class DemoScript {

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration POLL = Duration.ofMillis(50);

  private final GibbonClient client;
  private final KafkaSink producer;
  private final LongSupplier encoded;
  private final Path played;
  private final PrintWriter out;
  private int failures;

  /**
   * A script against a running server.
   *
   * @param producer of documents, for the same Kafka
   * @param encoded documents encoded since this process began
   * @param data the demonstration's directory
   */
  public DemoScript(
      GibbonClient client, KafkaSink producer, LongSupplier encoded, Path data, PrintWriter out) {
    this.client = client;
    this.producer = producer;
    this.encoded = encoded;
    this.played = data.resolve("played");
    this.out = out;
  }

  /** Plays all steps; returns how many checks failed. */
  public int play() throws IOException {
    if (Files.exists(played)) {
      replay();
    } else {
      produceCorpus();
      askThree(Corpus.FERRY);
      changeADocument();
      deleteADocument();
      if (failures == 0) {
        Files.writeString(played, "");
      }
    }
    return failures;
  }

  private void replay() {
    heading("1. The documents of the last run are still there");
    GibbonClient.Collection collection =
        client
            .collection(Corpus.COLLECTION)
            .orElseThrow(
                () ->
                    new UserException(
                        "the documents of the last run are gone: delete %s and start again"
                            .formatted(played.getParent())));
    out.printf(
        "  %d documents, %d contexts, %,d tokens: nothing was encoded again%n",
        collection.documents(), collection.contexts(), collection.tokens());
    check("all documents are there", missing().equals(List.of(Corpus.DELETED)));
    Corpus.Question ferry = Corpus.FERRY.expecting(Corpus.NEW_TIME);
    askThree(ferry);
    heading("3. The ferry's new time, produced in the last run, still holds");
    ask(ferry);
    heading("4. The tide warning, deleted in the last run, stays deleted");
    askWithoutDeleted();
    check("nothing was encoded again", encoded.getAsLong() == 0);
  }

  private void produceCorpus() {
    List<Document> documents = Corpus.documents();
    heading(
        "1. %d documents of the island of Brindle, as Avro records through a Kafka producer"
            .formatted(documents.size()));
    long start = System.nanoTime();
    List<CompletableFuture<Long>> written = documents.stream().map(producer::put).toList();
    written.forEach(DemoScript::acknowledged);
    try (ProgressBar bar = Progress.bar("  encoded", documents.size())) {
      await(
          "the documents are encoded",
          () -> {
            long done =
                client
                    .collection(Corpus.COLLECTION)
                    .map(c -> c.documents() + c.failed())
                    .orElse(0L);
            bar.stepTo(done);
            return done >= documents.size();
          });
    }
    GibbonClient.Collection collection = client.collection(Corpus.COLLECTION).orElseThrow();
    out.printf(
        "  %d contexts, %,d tokens encoded once, in %.1f s; from here on they are only attended to%n",
        collection.contexts(), collection.tokens(), seconds(start));
    check("every document is encoded", collection.failed() == 0 && missing().isEmpty());
  }

  /** Documents of the corpus that the server does not have; it may well have others. */
  List<String> missing() {
    return Corpus.documents().stream()
        .map(Document::getId)
        .filter(id -> !client.exists(Corpus.COLLECTION, id))
        .toList();
  }

  private void askThree(Corpus.Question ferry) {
    heading("2. Three questions");
    ask(ferry);
    ask(Corpus.HARBOUR_MASTER);
    ask(Corpus.CLINIC);
  }

  private void changeADocument() {
    heading("3. The ferry leaves later: a newer version of the document");
    long start = System.nanoTime();
    long timestamp = acknowledged(producer.put(Corpus.changed()));
    client.awaitEncoded(Corpus.COLLECTION, Corpus.CHANGED, timestamp);
    out.printf(
        "  freshness: %d ms from the produce call until answers could use it%n",
        (System.nanoTime() - start) / 1_000_000);
    ask(Corpus.FERRY.expecting(Corpus.NEW_TIME));
  }

  private void deleteADocument() {
    heading("4. The tide warning is withdrawn: a tombstone");
    ask(Corpus.TIDE);
    out.printf("%n  ... tombstone ...%n");
    acknowledged(producer.delete(Corpus.COLLECTION, Corpus.DELETED));
    await("the document is gone", () -> !client.exists(Corpus.COLLECTION, Corpus.DELETED));
    askWithoutDeleted();
  }

  private void askWithoutDeleted() {
    out.println(
        "  (nothing tells the tide any more: a small model that is asked all the same guesses)");
    Answer answer = answer(Corpus.TIDE.text());
    check(
        "no context of the deleted document is used",
        answer.contexts().stream().noneMatch(c -> c.document().equals(Corpus.DELETED)));
  }

  private void ask(Corpus.Question question) {
    Answer answer = answer(question.text());
    check("the answer says " + question.expected(), answer.text().contains(question.expected()));
    check("the answer comes to an end", answer.finishReason().equals("stop"));
    check(
        "it draws on " + question.document(),
        answer.contexts().stream().anyMatch(c -> c.document().equals(question.document())));
  }

  private Answer answer(String question) {
    out.printf("%n  > %s%n    ", question);
    out.flush();
    Answer answer =
        client.ask(
            GibbonClient.Question.over(Corpus.COLLECTION, question),
            text -> {
              out.print(text);
              out.flush();
            });
    out.println();
    AnswerReport.print(answer, out);
    return answer;
  }

  private static long acknowledged(CompletableFuture<Long> written) {
    try {
      return written.join();
    } catch (CompletionException e) {
      throw new UserException("Kafka did not take a document: " + e.getCause().getMessage(), e);
    }
  }

  private void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new UserException(
            "waited %d minutes, still not: %s".formatted(PATIENCE.toMinutes(), what));
      }
      try {
        Thread.sleep(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new UserException("interrupted", e);
      }
    }
  }

  private void heading(String text) {
    out.printf("%n%s%n", text);
    out.flush();
  }

  private void check(String what, boolean holds) {
    if (!holds) {
      failures++;
      out.printf("  FAILED: %s%n", what);
    }
    out.flush();
  }

  /** Prints how to go on by hand. */
  public void printHowToAsk(String url, String bootstrapServers, String topic) {
    heading("5. Your turn");
    out.printf(
        """
          curl:    curl -N %1$s/v1/chat/completions -H 'Content-Type: application/json' -d '{"stream": true, "messages": [{"role": "user", "content": "%2$s"}], "gibbon": {"collection": "%3$s"}}'
          OpenAI:  OpenAI(base_url="%1$s/v1", api_key="none").chat.completions.create(model="default", messages=[{"role": "user", "content": "%2$s"}], extra_body={"gibbon": {"collection": "%3$s"}})
          Kafka:   echo '{"id": "x", "collection": "%3$s", "text": "..."}' | kafka-console-producer.sh --bootstrap-server %4$s --topic %5$s
        """,
        url, Corpus.HARBOUR_MASTER.text(), Corpus.COLLECTION, bootstrapServers, topic);
    out.flush();
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
