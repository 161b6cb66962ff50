package io.gibbon.runtime.tokenizer;

/**
 * A part of a text to encode.
 *
 * @param text any text; lone surrogates are read as the replacement character
 * @param control whether names of control tokens in the text stand for those tokens; false for
 *     everything that users wrote
 */
public record Segment(String text, boolean control) {

  /** Text in which nothing is a control token. */
  public static Segment plain(String text) {
    return new Segment(text, false);
  }

  /** Text of our own making, in which control tokens are written by name. */
  public static Segment control(String text) {
    return new Segment(text, true);
  }
}
