package io.gibbon.server.answer;

import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.engine.Combination;
import java.time.Duration;
import java.util.List;

/**
 * How an answer went.
 *
 * @param finishReason why it ended
 * @param text the last of the answer that no token carried; often empty
 * @param contexts contexts attended to, with their attention shares where asked for
 * @param selected how they were chosen among those proposed
 * @param combination how they stood to each other
 * @param citations where its sentences come from; empty if that was not asked for or is not known
 * @param dropped names of contexts that were named or chosen but could not be reached
 * @param complete whether everything that was asked for could be reached
 * @param usage what it cost
 * @param timings when things happened
 */
public record AnswerEnd(
    FinishReason finishReason,
    String text,
    List<ContextUse> contexts,
    Selected selected,
    Combination combination,
    List<Citation> citations,
    List<String> dropped,
    boolean complete,
    Usage usage,
    Timings timings) {

  /** From the request to the runtime's first step. */
  public Duration started() {
    return timings
        .search()
        .plus(timings.attach())
        .plus(selected.time())
        .plus(timings.combine())
        .plus(timings.queue());
  }

  /**
   * Tokens of an answer.
   *
   * @param query tokens that were read for it, contexts that were encoded again among them
   * @param cached tokens of prefix and contexts that were attended without being read
   * @param completion tokens generated
   * @param drafted tokens that were looked up in contexts and question, and computed ahead
   * @param accepted those of them that the answer went on with
   */
  public record Usage(int query, int cached, int completion, int drafted, int accepted) {

    /** All tokens in front of the answer. */
    public int prompt() {
      return query + cached;
    }
  }

  /**
   * Where the time went.
   *
   * @param search proposing contexts
   * @param attach bringing their KV states into memory
   * @param combine encoding those kept in order, where the answer wants that
   * @param queue waiting for the runtime's first step
   * @param firstToken from the request to the first token
   * @param total from the request to the end
   */
  public record Timings(
      Duration search,
      Duration attach,
      Duration combine,
      Duration queue,
      Duration firstToken,
      Duration total) {}
}
