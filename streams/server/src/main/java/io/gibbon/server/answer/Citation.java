package io.gibbon.server.answer;

import io.gibbon.topology.ContextRef;
import org.jspecify.annotations.Nullable;

/**
 * Where a sentence of an answer comes from.
 *
 * @param start index of the sentence's first character in the answer
 * @param end index after its last one
 * @param context the context that it comes from most
 * @param share how much of it, of all contexts that the answer draws on, from 0 to 1; null where
 *     there is but one, of which it would always be all
 * @param from index in the context's text of the longest run of words that the sentence repeats, or
 *     -1 if it repeats none
 * @param to index after that run, or -1
 */
public record Citation(
    int start, int end, ContextRef context, @Nullable Double share, int from, int to) {}
