package io.gibbon.server.answer;

import io.gibbon.runtime.GeneratedToken;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** An answer as it is written: its tokens, its text, and its sentences. Used by one thread. */
final class AnswerText {

  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

  private final StringBuilder text = new StringBuilder();
  private final List<Integer> tokens = new ArrayList<>();
  private final List<Integer> ends = new ArrayList<>();

  /**
   * A sentence.
   *
   * @param start index of its first character
   * @param end index after its last one that is not white space
   * @param lastToken index after the last token that it begins with or goes on in
   */
  record Sentence(int start, int end, int lastToken) {}

  /**
   * A run of words.
   *
   * @param from index of its first character
   * @param to index after its last one
   */
  record Run(int from, int to) {

    static final Run NONE = new Run(-1, -1);
  }

  void add(GeneratedToken token) {
    text.append(token.text());
    tokens.add(token.id());
    ends.add(text.length());
  }

  /** Adds the last of the text, which no token carried. */
  void finish(String rest) {
    text.append(rest);
  }

  int[] tokens() {
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  String text() {
    return text.toString();
  }

  /** Sentences that have a token of their own, in order. */
  List<Sentence> sentences() {
    BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ROOT);
    breaks.setText(text.toString());
    List<Sentence> sentences = new ArrayList<>();
    int token = 0;
    int start = breaks.first();
    for (int end = breaks.next(); end != BreakIterator.DONE; end = breaks.next()) {
      int before = token;
      while (token < ends.size() && ends.get(token) <= end) {
        token++;
      }
      String sentence = text.substring(start, end);
      if (token > before && !sentence.isBlank()) {
        int from = start + sentence.length() - sentence.stripLeading().length();
        sentences.add(new Sentence(from, start + sentence.stripTrailing().length(), token));
      }
      start = end;
    }
    return sentences;
  }

  /** The longest run of words of a text that a sentence repeats, whatever the case. */
  static Run longestRun(String sentence, String context) {
    List<MatchResult> said = WORD.matcher(sentence).results().toList();
    List<MatchResult> given = WORD.matcher(context).results().toList();
    int[] lengths = new int[given.size() + 1];
    int longest = 0;
    Run best = Run.NONE;
    for (MatchResult word : said) {
      for (int i = given.size(); i > 0; i--) {
        boolean same = given.get(i - 1).group().equalsIgnoreCase(word.group());
        lengths[i] = same ? lengths[i - 1] + 1 : 0;
        if (lengths[i] > longest) {
          longest = lengths[i];
          best = new Run(given.get(i - lengths[i]).start(), given.get(i - 1).end());
        }
      }
    }
    return best;
  }
}
