package io.gibbon.cli.ingest;

import io.gibbon.schemas.Document;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where documents go. Used by one thread. */
public interface DocumentSink extends AutoCloseable {

  /**
   * Hands a document over; blocks while too many are under way.
   *
   * @param done told once, on any thread: null when Kafka has acknowledged the document, else why
   *     not
   * @throws RuntimeException if no document can be handed over any more
   */
  void send(Document document, Consumer<@Nullable String> done);

  /** Returns when every document has been answered for. */
  void flush();

  @Override
  void close();
}
