package io.gibbon.bench.eval;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.chat.ChatMessage;
import java.util.List;

/**
 * An item as tokens. Open questions are worded as the server words them, in the model's chat
 * format; what completes a text with one of some choices stands in plain text, behind a line that
 * names the choices.
 *
 * @param prefix in front of everything
 * @param contexts each context
 * @param query behind the contexts
 * @param opening what a selection reads
 * @param answers each right answer; of an item with choices, each choice
 */
record ItemWords(
    int[] prefix, List<int[]> contexts, int[] query, int[] opening, List<int[]> answers) {

  static ItemWords of(EvalItem item, ModelRuntime runtime) {
    return item.classifies() ? plain(item, runtime) : chat(item, runtime);
  }

  private static ItemWords chat(EvalItem item, ModelRuntime runtime) {
    return new ItemWords(
        runtime.chat().prefix(),
        item.contexts().stream().map(c -> runtime.chat().context(c.title(), c.text())).toList(),
        runtime.chat().query(List.of(ChatMessage.user(item.question())), true),
        runtime.chat().opening(item.question()),
        item.answers().stream().map(runtime.tokenizer()::encode).toList());
  }

  private static ItemWords plain(EvalItem item, ModelRuntime runtime) {
    String choices = String.join(", ", item.choices().stream().map(String::strip).toList());
    int[] query = runtime.tokenizer().encode(item.question());
    return new ItemWords(
        runtime.chat().bareQuery("Choose one of: %s.\n\n".formatted(choices)),
        item.contexts().stream()
            .map(c -> c.title().isEmpty() ? c.text() : c.title() + "\n" + c.text())
            .map(runtime.tokenizer()::encode)
            .toList(),
        query,
        query,
        item.choices().stream().map(runtime.tokenizer()::encode).toList());
  }

  /** Tokens of all contexts together. */
  int contextTokens() {
    return contexts.stream().mapToInt(c -> c.length).sum();
  }
}
