package io.gibbon.topology.internals;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.gibbon.topology.DocumentId;
import org.apache.kafka.common.utils.Utils;

/** Names as bytes, in topics and stores alike. */
public final class TopicKeys {

  private TopicKeys() {}

  /** UTF-8. */
  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /** From UTF-8. */
  static String string(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  /**
   * Key of a document's records in our topics: {@code collection/id}; collections have no slash.
   */
  static byte[] of(DocumentId document) {
    return bytes(document.toString());
  }

  /** The document that {@link #of} names. */
  static DocumentId document(byte[] topicKey) {
    String text = string(topicKey);
    int slash = text.indexOf('/');
    return new DocumentId(text.substring(0, slash), text.substring(slash + 1));
  }

  /** The partition that a document and all its state live in: Kafka's default for its topic key. */
  public static int partition(DocumentId document, int partitions) {
    return partition(of(document), partitions);
  }

  /** The partition of a topic key. */
  static int partition(byte[] topicKey, int partitions) {
    return Utils.toPositive(Utils.murmur2(topicKey)) % partitions;
  }
}
