package io.gibbon.server.answer;

import io.gibbon.runtime.GenerationTask;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of a request is ours: which contexts an answer draws on, and how.
 *
 * @param collection where to search, or null for the server's default collection
 * @param named contexts that the caller names; not empty means no search
 * @param topK the most contexts that a search may propose; 0 for none, {@link #ALL} for the whole
 *     collection
 * @param attentionTemperature APE's T, within the bounds of {@link GenerationTask}
 * @param scalingFactor APE's S, within the same bounds
 * @param attribution whether attention shares are wanted
 * @param includeText whether the contexts' texts are wanted
 * @param allowPartial whether to answer although some contexts cannot be reached now
 * @param after a write that must be visible first, or null
 */
public record ContextOptions(
    @Nullable String collection,
    List<ContextName> named,
    int topK,
    double attentionTemperature,
    double scalingFactor,
    boolean attribution,
    boolean includeText,
    boolean allowPartial,
    @Nullable After after) {

  /** Every context of the collection. */
  public static final int ALL = -1;

  /** Limit of {@code topK}. */
  public static final int MOST = 1000;

  /**
   * Checks every value.
   *
   * @throws RequestException naming the field and its limits
   */
  public ContextOptions {
    named = List.copyOf(named);
    if (topK < ALL || topK > MOST) {
      throw RequestException.invalid(
          "gibbon.top_k",
          "gibbon.top_k must be between 0 and %d, or \"all\", not %d".formatted(MOST, topK));
    }
    requireFactor("gibbon.attention_temperature", attentionTemperature);
    requireFactor("gibbon.scaling_factor", scalingFactor);
  }

  private static void requireFactor(String param, double value) {
    if (!(value >= GenerationTask.LEAST_FACTOR && value <= GenerationTask.GREATEST_FACTOR)) {
      throw RequestException.invalid(
          param,
          "%s must be between %s and %s, not %s"
              .formatted(
                  param, GenerationTask.LEAST_FACTOR, GenerationTask.GREATEST_FACTOR, value));
    }
  }
}
