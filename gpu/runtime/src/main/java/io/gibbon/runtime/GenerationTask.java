package io.gibbon.runtime;

import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.sampling.Sampling;
import java.util.List;

/**
 * What to answer, and how.
 *
 * @param contexts KV states to attend to, of the runtime's own profile; the caller keeps them open until the listener has
 *     been told the end
 * @param prefixed whether the shared prefix comes first; always true with contexts, false for a bare completion
 * @param query token ids after the contexts; at least one
 * @param attentionTemperature APE's T, in (0, 10]
 * @param scalingFactor APE's S, in (0, 10]
 * @param sampling how the next token is chosen
 * @param maxTokens the most tokens to generate, at least 1
 * @param stop strings that end the answer and are not part of it
 * @param topLogprobs how many alternatives each token reports, 0 to 20
 * @param attribution whether attention shares are wanted
 */
public record GenerationTask(
    List<KvStates> contexts,
    boolean prefixed,
    int[] query,
    double attentionTemperature,
    double scalingFactor,
    Sampling sampling,
    int maxTokens,
    List<String> stop,
    int topLogprobs,
    boolean attribution) {}
