package io.gibbon.runtime;

import io.gibbon.runtime.kv.KvStates;

/**
 * One chunk of a document and its KV states.
 *
 * @param index position in the document, from 0
 * @param count how many contexts the document has
 * @param text the chunk's own text, without title or decoration
 * @param states keys and values of every layer for the chunk's tokens; the receiver closes them
 */
public record EncodedContext(int index, int count, String text, KvStates states) {}
