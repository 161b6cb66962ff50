package io.gibbon.server.answer;

import io.gibbon.topology.SearchResult.Candidate;
import org.jspecify.annotations.Nullable;

/**
 * One context that an answer attends to.
 *
 * @param candidate the context
 * @param share its attention share, or null until the answer's end or unless asked for
 */
public record ContextUse(Candidate candidate, @Nullable Double share) {}
