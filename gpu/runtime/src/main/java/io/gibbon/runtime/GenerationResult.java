package io.gibbon.runtime;

import java.time.Duration;

/**
 * How a generation went.
 *
 * @param finishReason why it ended
 * @param text the last of the visible answer that no token carried (characters held back for a stop
 *     string); often empty
 * @param queryTokens tokens of the query that were read for this answer
 * @param cachedTokens tokens of prefix and contexts that were attended without being read
 * @param completionTokens tokens generated, the end-of-turn token included
 * @param draftedTokens tokens that were looked up and computed ahead
 * @param acceptedTokens those of them that the answer went on with
 * @param attentionShares attention share of each context, in the task's order: mean over heads,
 *     layers and the rows that predicted the answer; empty unless asked for
 * @param queued time from acceptance to the first step
 * @param firstToken time from acceptance to the first token
 * @param total time from acceptance to the end
 */
public record GenerationResult(
    FinishReason finishReason,
    String text,
    int queryTokens,
    int cachedTokens,
    int completionTokens,
    int draftedTokens,
    int acceptedTokens,
    double[] attentionShares,
    Duration queued,
    Duration firstToken,
    Duration total) {}
