package io.gibbon.topology;

/**
 * One encoded context as it stood when it was looked up. Encoding a document again makes other
 * references: caches key on the whole record.
 *
 * @param document the document
 * @param index position in the document, from 0
 * @param encodeId the encoding that made the states
 * @param tokens tokens of the context
 */
public record ContextRef(DocumentId document, int index, String encodeId, int tokens) {

  /** {@code collection/id#index}. */
  @Override
  public String toString() {
    return document + "#" + index;
  }
}
