package io.gibbon.topology.internals;

import io.gibbon.schemas.Document;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;

/** Tells whether two contents of a document are the same. */
final class ContentHash {

  private ContentHash() {}

  /** SHA-256 over title, text and metadata, each part behind its length, in hexadecimal digits. */
  static String of(Document document) {
    MessageDigest digest = sha256();
    add(digest, document.getTitle());
    add(digest, document.getText());
    new TreeMap<>(document.getMetadata())
        .forEach(
            (key, value) -> {
              add(digest, key);
              add(digest, value);
            });
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, String part) {
    byte[] bytes = TopicKeys.bytes(part);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
