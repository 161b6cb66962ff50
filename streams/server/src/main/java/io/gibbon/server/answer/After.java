package io.gibbon.server.answer;

import io.gibbon.topology.DocumentId;

/**
 * A write that an answer must be able to use: what a PUT or DELETE of a document returned.
 *
 * @param document the document
 * @param timestamp of the write, milliseconds since the epoch
 */
public record After(DocumentId document, long timestamp) {

  /**
   * Reads {@code collection/id@timestamp}.
   *
   * @throws RequestException naming {@code param} if it is anything else
   */
  public static After parse(String param, String text) {
    int at = text.lastIndexOf('@');
    String timestamp = text.substring(at + 1);
    if (at < 0 || !timestamp.matches("\\d{1,18}")) {
      throw RequestException.invalid(
          param,
          param + " must be collection/id@timestamp, as a PUT returns it, not '" + text + "'");
    }
    ContextName name = ContextName.parse(param, text.substring(0, at));
    if (name.index() != null) {
      throw RequestException.invalid(param, param + " must name a document, not a context");
    }
    return new After(name.document(), Long.parseLong(timestamp));
  }

  @Override
  public String toString() {
    return document + "@" + timestamp;
  }
}
