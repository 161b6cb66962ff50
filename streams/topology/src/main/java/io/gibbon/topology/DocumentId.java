package io.gibbon.topology;

/**
 * What names a document.
 *
 * @param collection name of the collection
 * @param id unique in its collection
 */
public record DocumentId(String collection, String id) {

  /** {@code collection/id}, for people; neither part is escaped. */
  @Override
  public String toString() {
    return collection + "/" + id;
  }
}
