package io.gibbon.topology;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Contexts that a search proposes.
 *
 * @param candidates best first
 * @param complete false if some partitions could not be asked, because they move or restore
 */
public record SearchResult(List<Candidate> candidates, boolean complete) {

  /**
   * One proposed context.
   *
   * @param context the context
   * @param title of its document
   * @param text the context's own text
   * @param score BM25, or null where nothing was searched for
   */
  public record Candidate(ContextRef context, String title, String text, @Nullable Double score) {}
}
