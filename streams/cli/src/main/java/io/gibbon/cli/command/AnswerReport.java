package io.gibbon.cli.command;

import io.gibbon.cli.client.Answer;
import java.io.PrintWriter;

/** What an answer was drawn from and what it cost, for people. */
public final class AnswerReport {

  private AnswerReport() {}

  /**
   * Prints contexts with their attention shares, where each sentence comes from, then times and
   * tokens.
   */
  public static void print(Answer answer, PrintWriter out) {
    for (Answer.Context context : answer.contexts()) {
      out.printf(
          "  %5.1f%%  %s (%s), %d tokens%n",
          100 * context.share(), context.title(), context.id(), context.tokens());
    }
    for (Answer.Citation citation : answer.citations()) {
      if (Double.isNaN(citation.share())) {
        out.printf(
            "  \"%s\" draws on %s, the only context%n", citation.sentence(), citation.context());
      } else {
        out.printf(
            "  \"%s\" comes from %s (%.0f%%)%n",
            citation.sentence(), citation.context(), 100 * citation.share());
      }
    }
    if (answer.contexts().isEmpty()) {
      out.println("  no documents were used");
    }
    out.printf(
        "  first token after %d ms, %d tokens in %d ms; %d tokens did not have to be read again%n",
        answer.firstToken().toMillis(),
        answer.completionTokens(),
        answer.total().toMillis(),
        answer.cachedTokens());
    out.flush();
  }
}
