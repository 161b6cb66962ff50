package io.gibbon.server.answer;

import io.gibbon.topology.DocumentId;
import io.gibbon.topology.DocumentStatus;
import io.gibbon.topology.StateReader;
import java.util.Optional;

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
    int slash = text.indexOf('/');
    int at = text.lastIndexOf('@');
    String timestamp = text.substring(at + 1);
    if (slash < 1 || at < slash + 2 || !timestamp.matches("\\d{1,18}")) {
      throw RequestException.invalid(
          param,
          param + " must be collection/id@timestamp, as a PUT returns it, not '" + text + "'");
    }
    DocumentId document = new DocumentId(text.substring(0, slash), text.substring(slash + 1, at));
    return new After(document, Long.parseLong(timestamp));
  }

  /**
   * Whether the write, or a later one of the document, has taken effect: is encoded, given up, or a
   * deletion.
   *
   * @param status what is known of the document
   */
  public boolean visible(Optional<DocumentStatus> status, StateReader states) {
    return status
        .filter(known -> known.state() != DocumentStatus.State.PENDING)
        .map(DocumentStatus::version)
        .or(() -> states.deletion(document))
        .filter(version -> version.timestamp() >= timestamp)
        .isPresent();
  }

  @Override
  public String toString() {
    return document + "@" + timestamp;
  }
}
