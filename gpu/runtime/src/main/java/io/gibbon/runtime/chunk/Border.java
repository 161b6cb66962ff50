package io.gibbon.runtime.chunk;

/** Where a text may be cut, from the weakest to the strongest. */
enum Border {
  /** Within a word. */
  TOKEN,
  /** Between words, and between a heading and what it heads. */
  WORD,
  /** Behind a sentence. */
  SENTENCE,
  /** At a line's end. */
  LINE,
  /** At a blank line. */
  PARAGRAPH,
  /** Before a Markdown heading. */
  HEADING;

  /** No white space, quotation or heading is looked at for more characters than this. */
  private static final int REACH = 256;

  private static final String SENTENCE_ENDS = ".!?…";
  private static final String WIDE_SENTENCE_ENDS = "。！？｡";
  private static final String CLOSING = "\"'”’»)]」』";

  /** The border in front of a character that is neither the first nor inside a surrogate pair. */
  static Border before(CharSequence text, int at) {
    int last = at - 1;
    while (last > 0 && at - last < REACH && Character.isWhitespace(text.charAt(last))) {
      last--;
    }
    int next = at;
    while (next < text.length() - 1
        && next - at < REACH
        && Character.isWhitespace(text.charAt(next))) {
      next++;
    }
    int lines = lines(text, last + 1, next);
    if (lines == 0) {
      return withinLine(text, last, next);
    }
    if (isHeading(text, next)) {
      return HEADING;
    }
    if (isHeading(text, lineStart(text, last))) {
      return WORD;
    }
    return lines == 1 ? LINE : PARAGRAPH;
  }

  private static Border withinLine(CharSequence text, int last, int next) {
    int end = last;
    while (end > 0 && last - end < 4 && CLOSING.indexOf(text.charAt(end)) >= 0) {
      end--;
    }
    char mark = text.charAt(end);
    if (WIDE_SENTENCE_ENDS.indexOf(mark) >= 0) {
      return SENTENCE;
    }
    if (next - last == 1) {
      return TOKEN;
    }
    boolean ends = SENTENCE_ENDS.indexOf(mark) >= 0 && !Character.isLowerCase(text.charAt(next));
    return ends ? SENTENCE : WORD;
  }

  private static int lines(CharSequence text, int from, int to) {
    int lines = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      boolean newline = c == '\n' || c == '\r' && (i + 1 == to || text.charAt(i + 1) != '\n');
      lines += newline ? 1 : 0;
    }
    return lines;
  }

  private static int lineStart(CharSequence text, int at) {
    int start = at;
    while (start > 0 && at - start < REACH && !isNewline(text.charAt(start - 1))) {
      start--;
    }
    return start;
  }

  private static boolean isNewline(char c) {
    return c == '\n' || c == '\r';
  }

  /** Whether a line is a Markdown heading: one to six hash signs and a space. */
  private static boolean isHeading(CharSequence text, int lineStart) {
    int at = lineStart;
    while (at < text.length() && at - lineStart < 7 && text.charAt(at) == '#') {
      at++;
    }
    int level = at - lineStart;
    return level >= 1 && level <= 6 && at < text.length() && text.charAt(at) == ' ';
  }
}
