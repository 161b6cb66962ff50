package io.gibbon.server.answer;

import io.gibbon.topology.DocumentId;
import org.jspecify.annotations.Nullable;

/**
 * A context that a caller names, or all contexts of a document.
 *
 * @param document the document
 * @param index position of the context in it, or null for all
 */
public record ContextName(DocumentId document, @Nullable Integer index) {

  /**
   * Reads {@code collection/id} or {@code collection/id#n}. The first slash ends the collection; a
   * number sign followed by digits at the end is the index.
   *
   * @throws RequestException naming {@code param} if it is neither
   */
  public static ContextName parse(String param, String name) {
    int slash = name.indexOf('/');
    int sign = name.lastIndexOf('#');
    boolean indexed = sign > slash && name.substring(sign + 1).matches("\\d{1,9}");
    String id = name.substring(slash + 1, indexed ? sign : name.length());
    if (slash < 1 || id.isEmpty()) {
      throw RequestException.invalid(
          param, param + " must be collection/id or collection/id#n, not '" + name + "'");
    }
    return new ContextName(
        new DocumentId(name.substring(0, slash), id),
        indexed ? Integer.valueOf(name.substring(sign + 1)) : null);
  }

  @Override
  public String toString() {
    return index == null ? document.toString() : document + "#" + index;
  }
}
