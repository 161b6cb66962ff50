package io.gibbon.server.answer;

import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.server.ServerConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of a request is ours: which contexts an answer draws on, and how.
 *
 * @param collection where to search, or null for the server's default collection
 * @param named contexts that the caller names; not empty means no search
 * @param topK the most contexts that a search may propose; 0 for none, {@link #ALL} for the whole
 *     collection
 * @param selection what chooses among them
 * @param keep what it keeps: how many contexts, or below 1 as many as it takes to have that much of
 *     the probability; between {@value #LEAST_KEEP} and {@value #MOST}
 * @param hops 1, or 2 to choose all but the best context by what the question is about behind that
 *     one: a selection by attention that keeps at least 2
 * @param combination how the contexts kept are combined, or null for what is configured, as far as
 *     they are short enough; a T or S means APE
 * @param attentionTemperature APE's T, within the bounds of {@link GenerationTask}; null for what
 *     was learnt or configured
 * @param scalingFactor APE's S, as T
 * @param attribution whether attention shares are wanted
 * @param includeText whether the contexts' texts are wanted
 * @param allowPartial whether to answer although some contexts cannot be reached now
 * @param after a write that must be visible first, or null
 */
public record ContextOptions(
    @Nullable String collection,
    List<ContextName> named,
    int topK,
    Selection selection,
    double keep,
    int hops,
    @Nullable Combination combination,
    @Nullable Double attentionTemperature,
    @Nullable Double scalingFactor,
    boolean attribution,
    boolean includeText,
    boolean allowPartial,
    @Nullable After after) {

  /** Every context of the collection. */
  public static final int ALL = -1;

  /** Least {@code keep}. */
  public static final double LEAST_KEEP = 0.01;

  /** Limit of {@code hops}. */
  public static final int MOST_HOPS = 2;

  /** Limit of {@code topK}. */
  public static final int MOST = 1000;

  /**
   * Options with what a request leaves out filled in. A request that says how many contexts it
   * wants, and nothing of selection, gets no more of them than that; contexts that it names, and
   * whole collections, are only selected from if it says so.
   *
   * @param config what holds where the request says nothing
   * @param named whether it names contexts
   * @param topK what the request says, or null
   * @param selection what the request says, or null
   * @param keep what the request says, or null
   * @param hops what the request says, or null
   * @param searches whether a request that says nothing searches at all
   */
  public static Proposal proposal(
      ServerConfig config,
      boolean searches,
      boolean named,
      @Nullable Integer topK,
      @Nullable Selection selection,
      @Nullable Double keep,
      @Nullable Integer hops) {
    int most = topK == null ? (searches ? config.topK() : 0) : topK;
    boolean asked = selection != null || keep != null;
    boolean given = named || most == ALL || most == 0;
    Selection how = selection == null ? config.selection() : selection;
    if (how == Selection.NONE || (given && !asked)) {
      return new Proposal(most, Selection.NONE, MOST, hops == null ? 1 : hops);
    }
    double kept = keep != null ? keep : topK != null && topK > 0 ? topK : config.keep();
    return new Proposal(
        given ? most : (int) Math.max(config.candidates(), Math.ceil(kept)),
        how,
        kept,
        hops != null ? hops : allowsHops(how, kept) ? config.hops() : 1);
  }

  /**
   * What is proposed and chosen.
   *
   * @param topK as in {@link ContextOptions}
   * @param selection as in {@link ContextOptions}
   * @param keep as in {@link ContextOptions}
   * @param hops as in {@link ContextOptions}
   */
  public record Proposal(int topK, Selection selection, double keep, int hops) {}

  /** Whether a selection leaves something to choose in a second hop, and knows how. */
  private static boolean allowsHops(Selection selection, double keep) {
    return selection == Selection.ATTENTION && keep >= 2;
  }

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
    if (!(keep >= LEAST_KEEP && keep <= MOST)) {
      throw RequestException.invalid(
          "gibbon.keep",
          "gibbon.keep must be between %s and %d, not %s".formatted(LEAST_KEEP, MOST, keep));
    }
    if (hops < 1 || hops > MOST_HOPS) {
      throw RequestException.invalid(
          "gibbon.hops", "gibbon.hops must be 1 or %d, not %d".formatted(MOST_HOPS, hops));
    }
    if (hops > 1 && !allowsHops(selection, keep)) {
      throw RequestException.invalid(
          "gibbon.hops",
          "gibbon.hops %d needs gibbon.selection attention and gibbon.keep of at least 2"
              .formatted(hops));
    }
    requireFactor("gibbon.attention_temperature", attentionTemperature);
    requireFactor("gibbon.scaling_factor", scalingFactor);
    if (attentionTemperature != null || scalingFactor != null) {
      if (combination == Combination.SEQUENTIAL) {
        throw RequestException.invalid(
            "gibbon.combine",
            "gibbon.combine must be ape where attention_temperature or scaling_factor is given");
      }
      combination = Combination.APE;
    }
  }

  /** Whether contexts come best first, and not as they were named or are stored. */
  boolean ranked() {
    return selection != Selection.NONE || (named.isEmpty() && topK != ALL);
  }

  private static void requireFactor(String param, @Nullable Double value) {
    if (value != null
        && !(value >= GenerationTask.LEAST_FACTOR && value <= GenerationTask.GREATEST_FACTOR)) {
      throw RequestException.invalid(
          param,
          "%s must be between %s and %s, not %s"
              .formatted(
                  param, GenerationTask.LEAST_FACTOR, GenerationTask.GREATEST_FACTOR, value));
    }
  }
}
