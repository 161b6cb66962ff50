package io.gibbon.runtime.chunk;

/**
 * One piece of a document.
 *
 * @param index position in the document, from 0
 * @param text the piece itself, without surrounding white space
 * @param tokens the piece with title and decoration, as the model reads it
 */
public record Chunk(int index, String text, int[] tokens) {}
