package io.gibbon.cli.client;

import java.time.Duration;
import java.util.List;

/**
 * An answer that has been read to its end.
 *
 * @param text all of it
 * @param finishReason {@code stop} or {@code length}
 * @param contexts what it attended to
 * @param citations where its sentences come from, as far as that is known
 * @param promptTokens all tokens in front of the answer, the cached ones included
 * @param cachedTokens tokens of prefix and contexts that were attended without being read again
 * @param completionTokens tokens generated
 * @param firstToken from sending the request to the first piece of text, as seen here
 * @param total from sending the request to the end, as seen here
 */
public record Answer(
    String text,
    String finishReason,
    List<Context> contexts,
    List<Citation> citations,
    int promptTokens,
    int cachedTokens,
    int completionTokens,
    Duration firstToken,
    Duration total) {

  /**
   * Where a sentence comes from.
   *
   * @param sentence the sentence
   * @param context id of the context
   * @param share how much of it, 0 to 1; NaN where it is the only context
   */
  public record Citation(String sentence, String context, double share) {}

  /**
   * One attended context.
   *
   * @param id {@code collection/id#n}
   * @param document id of its document
   * @param title of its document
   * @param tokens its tokens
   * @param share attention share, 0 to 1; NaN if it was not reported
   */
  public record Context(String id, String document, String title, int tokens, double share) {}
}
