package io.gibbon.schemas.serde;

/** Makes untrusted text fit for a message. */
final class Printable {

  private static final int MAX_LINE = 300;
  private static final int MAX_QUOTE = 60;

  private Printable() {}

  /** One line of at most {@value #MAX_LINE} characters, everything unprintable escaped. */
  static String line(String text) {
    return escape(text, MAX_LINE);
  }

  /** The text between quotation marks, cut to {@value #MAX_QUOTE} characters. */
  static String quote(String text) {
    return '"' + escape(text, MAX_QUOTE) + '"';
  }

  private static String escape(String text, int max) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), max) + 3);
    int end = Math.min(text.length(), max);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)
          || Character.isSurrogate(c)
          || Character.getType(c) == Character.FORMAT) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    return end < text.length() ? out.append("...").toString() : out.toString();
  }
}
