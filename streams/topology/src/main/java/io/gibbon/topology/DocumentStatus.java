package io.gibbon.topology;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a document.
 *
 * @param document the document
 * @param version of the newest accepted content
 * @param state how far that content has come
 * @param reason why it failed, or null
 * @param title title, may be empty
 * @param text text of the newest accepted content
 * @param metadata as produced
 * @param contexts number of contexts that answers can use now; of an older version while a newer
 *     one is pending
 * @param tokens their tokens
 */
public record DocumentStatus(
    DocumentId document,
    Version version,
    State state,
    @Nullable String reason,
    String title,
    String text,
    Map<String, String> metadata,
    int contexts,
    long tokens) {

  /** How far a document has come. */
  public enum State {
    /** Accepted, not yet encoded. */
    PENDING,
    /** Answers can use it. */
    ENCODED,
    /** Given up after the configured attempts. */
    FAILED
  }
}
