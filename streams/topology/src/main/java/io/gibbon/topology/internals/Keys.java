package io.gibbon.topology.internals;

import io.gibbon.schemas.DocumentKey;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.serde.DocumentKeys;
import io.gibbon.topology.DocumentId;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.apache.kafka.common.utils.Bytes;

/**
 * Keys of the stores. Every key holds the canonical form of the document's name ({@link
 * DocumentKeys}), so all keys of one document, and all of one collection, are adjacent, and none is
 * the beginning of another document's. It is what a key begins with, but in the index, where the
 * profile comes first: readers ask for one profile's contexts only.
 */
public final class Keys {

  private static final int ENCODE_ID_BYTES = 16;
  private static final int PROFILE_BYTES = 8;

  private Keys() {}

  /** Of a document: in {@code documents} and {@code pending}; a prefix of its other keys. */
  public static Bytes document(DocumentId document) {
    return Bytes.wrap(start(document, 0).array());
  }

  /** Of a collection: in {@code collections}; a prefix of the keys of its documents. */
  public static Bytes collection(String collection) {
    return Bytes.wrap(DocumentKeys.prefix(collection));
  }

  /** The document that a key begins with. */
  public static DocumentId document(Bytes key) {
    DocumentKey document = DocumentKeys.read(ByteBuffer.wrap(key.get()));
    return new DocumentId(document.getCollection(), document.getId());
  }

  /** The collection that is a key. */
  public static String collection(Bytes key) {
    return TopicKeys.string(Arrays.copyOfRange(key.get(), Short.BYTES, key.get().length));
  }

  /** Of a manifest; the one being built and the complete one stand beside each other. */
  public static Bytes manifest(DocumentId document, String profile, ManifestState state) {
    return Bytes.wrap(
        start(document, PROFILE_BYTES + 1)
            .put(HexFormat.of().parseHex(profile))
            .put((byte) state.ordinal())
            .array());
  }

  /** Of a page. */
  public static Bytes page(
      DocumentId document, String profile, String encodeId, int context, int page) {
    return Bytes.wrap(
        encoding(document, profile, encodeId, 2 * Integer.BYTES)
            .putInt(context)
            .putInt(page)
            .array());
  }

  /** Of the mark that stands in {@code pages} behind the last page of an encoding. */
  public static Bytes pagesEnd(DocumentId document, String profile, String encodeId) {
    return Bytes.wrap(encoding(document, profile, encodeId, 0).array());
  }

  /** Of a context: in {@code index}. */
  public static Bytes context(String profile, DocumentId document, int index) {
    byte[] name = DocumentKeys.toBytes(document.collection(), document.id());
    return Bytes.wrap(
        ofProfile(profile, name.length + Integer.BYTES).put(name).putInt(index).array());
  }

  /** What the keys of all contexts of a collection begin with: in {@code index}. */
  public static Bytes contexts(String profile, String collection) {
    byte[] prefix = DocumentKeys.prefix(collection);
    return Bytes.wrap(ofProfile(profile, prefix.length).put(prefix).array());
  }

  /** What the keys of all contexts of a profile begin with: in {@code index}. */
  public static Bytes contexts(String profile) {
    return Bytes.wrap(ofProfile(profile, 0).array());
  }

  private static ByteBuffer ofProfile(String profile, int further) {
    return ByteBuffer.allocate(PROFILE_BYTES + further).put(HexFormat.of().parseHex(profile));
  }

  private static ByteBuffer encoding(
      DocumentId document, String profile, String encodeId, int further) {
    return start(document, PROFILE_BYTES + ENCODE_ID_BYTES + further)
        .put(HexFormat.of().parseHex(profile))
        .put(HexFormat.of().parseHex(encodeId));
  }

  private static ByteBuffer start(DocumentId document, int further) {
    byte[] canonical = DocumentKeys.toBytes(document.collection(), document.id());
    return ByteBuffer.allocate(canonical.length + further).put(canonical);
  }
}
