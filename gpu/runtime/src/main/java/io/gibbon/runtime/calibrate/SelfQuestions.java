package io.gibbon.runtime.calibrate;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Makes questions from a text itself, so that nobody has to label anything: a sentence with a span
 * held out. The text is where the answer is, and the span is the answer.
 */
final class SelfQuestions {

  private static final int SHORTEST = 40;
  private static final int LONGEST = 400;

  /** Letters that must stand in front of the span: enough to know what is asked. */
  private static final int LEAD = 25;

  private static final int MOST_SPAN = 40;

  /** Names, numbers and the like: what people ask for. */
  private static final Pattern NAME =
      Pattern.compile(
          "\\b[\\p{Lu}\\p{N}][\\p{L}\\p{N}.,:'’–-]*(?: [\\p{Lu}\\p{N}][\\p{L}\\p{N}.,:'’–-]*)*");

  private static final Pattern LAST_WORDS = Pattern.compile("\\S+ \\S+$");

  private SelfQuestions() {}

  /**
   * A sentence up to a span, and the span.
   *
   * @param lead ends before the space in front of the span
   */
  record SelfQuestion(String lead, String span) {}

  /** A question from a text, drawn at random, or nothing if no sentence of it will do. */
  static Optional<SelfQuestion> from(String text, RandomGenerator random) {
    List<SelfQuestion> all = new ArrayList<>();
    text.lines()
        .flatMap(line -> sentences(line).stream())
        .map(SelfQuestions::spans)
        .forEach(all::addAll);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
  }

  private static List<String> sentences(String text) {
    BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ROOT);
    breaks.setText(text);
    List<String> sentences = new ArrayList<>();
    int from = breaks.first();
    for (int to = breaks.next(); to != BreakIterator.DONE; to = breaks.next()) {
      String sentence = text.substring(from, to).strip();
      if (sentence.length() >= SHORTEST && sentence.length() <= LONGEST) {
        sentences.add(sentence);
      }
      from = to;
    }
    return sentences;
  }

  private static List<SelfQuestion> spans(String sentence) {
    String bare = sentence.replaceAll("[.!?\"”)]+$", "");
    List<MatchResult> matches = NAME.matcher(bare).results().filter(m -> fits(bare, m)).toList();
    if (matches.isEmpty()) {
      matches = LAST_WORDS.matcher(bare).results().filter(m -> fits(bare, m)).toList();
    }
    return matches.stream()
        .map(
            m ->
                new SelfQuestion(
                    bare.substring(0, m.start()).strip(), bare.substring(m.start(), m.end())))
        .toList();
  }

  private static boolean fits(String sentence, MatchResult span) {
    return span.start() >= LEAD
        && sentence.charAt(span.start() - 1) == ' '
        && span.end() - span.start() <= MOST_SPAN;
  }
}
