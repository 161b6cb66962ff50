package io.gibbon.cli.demo;

import io.gibbon.cli.ingest.DocumentFiles;
import io.gibbon.cli.ingest.Item;
import io.gibbon.schemas.Document;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What the demonstration is about: short texts of Brindle, an island that we made up, and questions
 * about it.
 */
public final class Corpus {

  /** Of all its documents. */
  public static final String COLLECTION = "brindle";

  /** The document that gets a newer version, and what changes in it. */
  static final String CHANGED = "ferry/morning";

  static final String OLD_TIME = "6:40";
  static final String NEW_TIME = "7:25";

  /** The document that is deleted. */
  static final String DELETED = "tide/warning-march";

  static final Question FERRY =
      new Question("When does the morning ferry leave?", OLD_TIME, CHANGED);
  static final Question HARBOUR_MASTER =
      new Question("Who is the harbour master of Brindle?", "Ines Calder", "harbour/master");
  static final Question CLINIC =
      new Question("When is the island clinic open?", "8:30 to 13:00", "clinic/hours");
  static final Question TIDE =
      new Question("How high is the spring tide expected on 21 March?", "4.8", DELETED);

  /**
   * A question and how to tell a good answer.
   *
   * @param text the question
   * @param expected words that the answer must have
   * @param document id of the document that it must draw on
   */
  record Question(String text, String expected, String document) {

    Question expecting(String other) {
      return new Question(text, other, document);
    }
  }

  private Corpus() {}

  /** All documents, as they are at first. */
  static List<Document> documents() {
    List<Document> documents = new ArrayList<>();
    try (InputStream in =
        Objects.requireNonNull(Corpus.class.getResourceAsStream("/demo/corpus.jsonl"))) {
      new DocumentFiles(COLLECTION, Integer.MAX_VALUE)
          .readStream(in, "", item -> documents.add(((Item.Readable) item).document()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return documents;
  }

  /** The newer version of the document that changes. */
  static Document changed() {
    Document document =
        documents().stream().filter(d -> d.getId().equals(CHANGED)).findFirst().orElseThrow();
    document.setText(document.getText().replace(OLD_TIME, NEW_TIME));
    return document;
  }
}
