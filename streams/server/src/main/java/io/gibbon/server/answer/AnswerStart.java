package io.gibbon.server.answer;

import java.util.List;

/**
 * What an answer draws on.
 *
 * @param contexts contexts attended to, best first
 * @param selected how they were chosen among those proposed
 * @param dropped names of contexts that were named or chosen but cannot be reached now
 * @param complete whether everything that was asked for could be reached
 */
public record AnswerStart(
    List<ContextUse> contexts, Selected selected, List<String> dropped, boolean complete) {}
