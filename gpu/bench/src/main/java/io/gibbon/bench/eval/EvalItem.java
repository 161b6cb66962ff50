package io.gibbon.bench.eval;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A question over contexts whose answer is known.
 *
 * @param question what is asked; of an item with choices, the text that a choice completes
 * @param answers any of them is right; at least one
 * @param choices what may be answered, or empty for an open question
 * @param contexts at least one
 */
public record EvalItem(
    String question, List<String> answers, List<String> choices, List<Context> contexts) {

  /**
   * A text to answer from.
   *
   * @param title may be empty
   * @param gold whether the answer needs it
   */
  public record Context(String title, String text, boolean gold) {}

  /** Whether contexts are marked as needed, so that selection and citations can be judged. */
  boolean marked() {
    return contexts.stream().anyMatch(Context::gold);
  }

  /** Whether one of the choices is to be found, instead of words. */
  boolean classifies() {
    return !choices.isEmpty();
  }

  /** Indices of all contexts. */
  List<Integer> all() {
    return IntStream.range(0, contexts.size()).boxed().toList();
  }
}
