package io.gibbon.runtime;

/**
 * What of a document the model reads.
 *
 * @param title shown in front of every context of the document; may be empty
 * @param text the document's text, at least one character that is not white space
 */
public record DocumentText(String title, String text) {

  /**
   * Checks the text.
   *
   * @throws IllegalArgumentException if it is empty or all white space
   */
  public DocumentText {
    if (text.isBlank()) {
      throw new IllegalArgumentException("text must have a character that is not white space");
    }
  }
}
