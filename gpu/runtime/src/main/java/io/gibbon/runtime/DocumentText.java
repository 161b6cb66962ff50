package io.gibbon.runtime;

/**
 * What of a document the model reads.
 *
 * @param title shown in front of every context of the document; may be empty
 * @param text the document's text, at least one character that is not white space
 */
public record DocumentText(String title, String text) {}
