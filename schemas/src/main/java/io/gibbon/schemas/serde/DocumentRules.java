package io.gibbon.schemas.serde;

import io.gibbon.schemas.Document;
import java.nio.charset.StandardCharsets;

/**
 * What a document must fulfil beyond its schema, wherever it comes from. Every method throws {@link
 * InvalidRecordException} that names the field and the limit.
 */
public final class DocumentRules {

  /** Most UTF-8 bytes of a collection's name. */
  public static final int MAX_COLLECTION_BYTES = 255;

  /** Most UTF-8 bytes of an id. */
  public static final int MAX_ID_BYTES = 1_024;

  /** Most characters of a title. */
  public static final int MAX_TITLE_LENGTH = 1_000;

  /** Most entries of the metadata. */
  public static final int MAX_METADATA = 1_000;

  private DocumentRules() {}

  /** A valid name, and a text with something to read in it. */
  public static void check(Document document) {
    checkCollection(document.getCollection());
    checkId(document.getId());
    if (document.getText().isBlank()) {
      throw InvalidRecordException.of(
          "text", document.getText().isEmpty() ? "is empty" : "is only white space");
    }
    if (document.getTitle().length() > MAX_TITLE_LENGTH) {
      throw InvalidRecordException.of(
          "title",
          "%,d characters, the limit is %,d"
              .formatted(document.getTitle().length(), MAX_TITLE_LENGTH));
    }
    if (document.getMetadata().size() > MAX_METADATA) {
      throw InvalidRecordException.of(
          "metadata",
          "%,d entries, the limit is %,d".formatted(document.getMetadata().size(), MAX_METADATA));
    }
  }

  /** Not blank, no slash, no control characters, at most {@value #MAX_COLLECTION_BYTES} bytes. */
  public static void checkCollection(String collection) {
    checkName("collection", collection, MAX_COLLECTION_BYTES);
    if (collection.indexOf('/') >= 0) {
      throw InvalidRecordException.of("collection", "has a slash: " + Printable.quote(collection));
    }
  }

  /** Not blank, no control characters, at most {@value #MAX_ID_BYTES} bytes. */
  public static void checkId(String id) {
    checkName("id", id, MAX_ID_BYTES);
  }

  private static void checkName(String field, String name, int maxBytes) {
    if (name.isBlank()) {
      throw InvalidRecordException.of(field, name.isEmpty() ? "is empty" : "is only white space");
    }
    if (name.codePoints().anyMatch(Character::isISOControl)) {
      throw InvalidRecordException.of(field, "has a control character: " + Printable.quote(name));
    }
    if (StringCheck.loneSurrogate(name) >= 0) {
      throw InvalidRecordException.of(field, "has half a surrogate pair");
    }
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > maxBytes) {
      throw InvalidRecordException.of(
          field, "%,d bytes in UTF-8, the limit is %,d".formatted(bytes, maxBytes));
    }
  }
}
