package io.gibbon.server.answer;

import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.runtime.sampling.StopStrings;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as every door understands it.
 *
 * @param id names the answer; every message of it carries it
 * @param model the model asked for, or null for the one served
 * @param question what is asked
 * @param options which contexts the answer draws on, and how
 * @param sampling how tokens are chosen
 * @param maxTokens the most tokens to generate, or null for the server's default
 * @param stop strings that end the answer
 * @param topLogprobs alternatives that each token reports, 0 to 20
 * @param deadline after this the answer is given up, or null for the server's limit
 */
public record AnswerRequest(
    String id,
    @Nullable String model,
    Question question,
    ContextOptions options,
    Sampling sampling,
    @Nullable Integer maxTokens,
    List<String> stop,
    int topLogprobs,
    @Nullable Instant deadline) {

  /**
   * Checks what no part of it checks by itself.
   *
   * @throws RequestException naming the field and its limits
   */
  public AnswerRequest {
    if (maxTokens != null && maxTokens < 1) {
      throw RequestException.invalid(
          "max_tokens", "max_tokens must be at least 1, not " + maxTokens);
    }
    stop = List.copyOf(stop);
    try {
      StopStrings.check(stop);
    } catch (IllegalArgumentException e) {
      throw RequestException.invalid("stop", String.valueOf(e.getMessage()));
    }
  }
}
