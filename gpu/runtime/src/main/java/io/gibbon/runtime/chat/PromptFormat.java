package io.gibbon.runtime.chat;

/**
 * The words around documents and questions. Part of a profile: another format makes other KV
 * states.
 *
 * @param system the system message in front of everything; may be empty
 * @param context how one context reads; has {@code {title}} and {@code {text}} once each
 * @param question how a question about documents reads; has {@code {question}} once
 */
public record PromptFormat(String system, String context, String question) {

  /** Short answers taken from the documents: what small models do best. */
  public static final PromptFormat DEFAULT =
      new PromptFormat(
          "Answer the question with a few words taken from the documents.",
          "Document: {title}\n{text}\n\n",
          "Question: {question}\nAnswer with a few words only.");

  private static final int MAX_LENGTH = 16_384;

  /**
   * Checks the placeholders.
   *
   * @throws IllegalArgumentException naming the field and what it lacks
   */
  public PromptFormat {
    checkLength("system", system);
    checkLength("context", context);
    checkLength("question", question);
    checkOnce("context", context, "{title}");
    checkOnce("context", context, "{text}");
    checkOnce("question", question, "{question}");
    if (context.indexOf("{title}") > context.indexOf("{text}")) {
      throw new IllegalArgumentException("context: {title} must stand before {text}");
    }
  }

  private static void checkLength(String field, String value) {
    if (value.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "%s: has %d characters, the limit is %d".formatted(field, value.length(), MAX_LENGTH));
    }
  }

  private static void checkOnce(String field, String value, String placeholder) {
    int first = value.indexOf(placeholder);
    if (first < 0 || first != value.lastIndexOf(placeholder)) {
      throw new IllegalArgumentException(
          "%s: must contain %s exactly once".formatted(field, placeholder));
    }
  }

  /** A context in these words. Placeholders inside title and text are only letters. */
  String context(String title, String text) {
    int titleAt = context.indexOf("{title}");
    int textAt = context.indexOf("{text}");
    return context.substring(0, titleAt)
        + title
        + context.substring(titleAt + "{title}".length(), textAt)
        + text
        + context.substring(textAt + "{text}".length());
  }

  /** What stands in front of a question in these words, and the question: nothing behind it. */
  String opening(String text) {
    return question.substring(0, question.indexOf("{question}")) + text;
  }

  /** A question in these words. */
  String question(String text) {
    return question.replace("{question}", text);
  }
}
