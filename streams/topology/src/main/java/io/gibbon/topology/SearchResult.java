package io.gibbon.topology;

import java.util.List;

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
   * @param score BM25
   */
  public record Candidate(ContextRef context, String title, String text, double score) {}
}
