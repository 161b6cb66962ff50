package io.gibbon.schemas.serde;

import io.gibbon.schemas.DocumentKey;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that name a document: our own canonical form, and what users put into record keys.
 *
 * <p>The canonical form is the collection, then the id, each as its length in UTF-8 bytes (two
 * bytes, big-endian) and those bytes. It needs no escapes, starts with the same bytes for all
 * documents of one collection, and can be followed by more. Thread-safe.
 */
public final class DocumentKeys {

  /** The collection of a document that names none. */
  public static final String DEFAULT_COLLECTION =
      (String) DocumentKey.SCHEMA$.getField("collection").defaultVal();

  private static final int MAX_PART_BYTES = 0xFFFF;
  private static final int MAX_KEY_BYTES = 64 << 10;

  private final @Nullable SchemaRegistryClient registry;
  private final AvroCodec<DocumentKey> codec = new AvroCodec<>(DocumentKey.SCHEMA$);

  /** Reads users' keys, with the schemas of a registry where one is given. */
  public DocumentKeys(@Nullable SchemaRegistryClient registry) {
    this.registry = registry;
  }

  /**
   * The canonical form.
   *
   * @throws InvalidRecordException if a part is not a valid name, see {@link DocumentRules}
   */
  public static byte[] toBytes(String collection, String id) {
    DocumentRules.checkCollection(collection);
    DocumentRules.checkId(id);
    byte[] first = collection.getBytes(StandardCharsets.UTF_8);
    byte[] second = id.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(4 + first.length + second.length)
        .putShort((short) first.length)
        .put(first)
        .putShort((short) second.length)
        .put(second)
        .array();
  }

  /**
   * The bytes that the canonical forms of all documents of one collection, and no others, start
   * with.
   */
  public static byte[] prefix(String collection) {
    byte[] name = collection.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 + name.length).putShort((short) name.length).put(name).array();
  }

  /**
   * Reads the canonical form from whole bytes.
   *
   * @throws InvalidRecordException if they are anything else
   */
  public static DocumentKey fromBytes(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    DocumentKey key = read(buffer);
    if (buffer.hasRemaining()) {
      throw InvalidRecordException.of("bytes behind the end of a document key");
    }
    return key;
  }

  /**
   * Reads the canonical form and leaves the buffer behind it.
   *
   * @throws InvalidRecordException if there is anything else
   */
  public static DocumentKey read(ByteBuffer buffer) {
    try {
      return new DocumentKey(part(buffer), part(buffer));
    } catch (BufferUnderflowException e) {
      throw InvalidRecordException.of("a document key that is cut off", e);
    }
  }

  private static String part(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.getShort() & MAX_PART_BYTES];
    buffer.get(bytes);
    return Utf8Text.decode(bytes, 0, bytes.length).toString();
  }

  /**
   * Reads a key that a user's producer or connector wrote:
   *
   * <ul>
   *   <li>text: {@code collection/id}, where the first slash ends the collection; without a slash
   *       it is an id in the collection {@code default};
   *   <li>JSON: that text between quotation marks, or an object with {@code id} and perhaps {@code
   *       collection}, both also inside Connect's envelope;
   *   <li>Avro single-object encoding of a {@link DocumentKey};
   *   <li>registry wire format of such a record, a string or an integer, in Avro or JSON.
   * </ul>
   *
   * @throws InvalidRecordException if it is none of these, or names no valid document
   * @throws RegistryUnavailableException if the registry cannot be asked now
   */
  public DocumentKey parse(byte @Nullable [] bytes) {
    if (bytes == null) {
      throw InvalidRecordException.of("the record has no key");
    }
    if (bytes.length > MAX_KEY_BYTES) {
      throw InvalidRecordException.of(
          "a key of %,d bytes, the limit is %,d".formatted(bytes.length, MAX_KEY_BYTES));
    }
    DocumentKey key =
        switch (Framing.of(bytes)) {
          case SINGLE_OBJECT -> codec.readSingleObject(bytes);
          case REGISTRY -> registered(bytes);
          case JSON_OBJECT, JSON_STRING -> json(bytes, 0);
          case TEXT -> text(bytes);
        };
    DocumentRules.checkCollection(key.getCollection());
    DocumentRules.checkId(key.getId());
    return key;
  }

  private DocumentKey registered(byte[] bytes) {
    RegisteredSchema written = Framing.registered(bytes, registry);
    if (written.type() == RegisteredSchema.Type.JSON) {
      return json(bytes, Framing.REGISTRY_HEADER);
    }
    return switch (written.avro().getType()) {
      case RECORD -> codec.read(written.avro(), bytes, Framing.REGISTRY_HEADER);
      case STRING, INT, LONG ->
          named(codec.readScalar(written.avro(), bytes, Framing.REGISTRY_HEADER));
      default ->
          throw InvalidRecordException.of(
              "a key is a record, a string or an integer, not "
                  + written.avro().getType().getName());
    };
  }

  private static DocumentKey json(byte[] bytes, int offset) {
    Object key =
        JsonRecordReader.readKey(
            DocumentKey.SCHEMA$, Utf8Text.decode(bytes, offset, bytes.length - offset));
    return key instanceof DocumentKey record ? record : named((String) key);
  }

  private static DocumentKey text(byte[] bytes) {
    int start = Framing.afterByteOrderMark(bytes);
    return named(Utf8Text.decode(bytes, start, bytes.length - start).toString());
  }

  /** {@code collection/id}, or an id in the default collection. */
  private static DocumentKey named(String name) {
    int slash = name.indexOf('/');
    return slash < 0
        ? new DocumentKey(DEFAULT_COLLECTION, name)
        : new DocumentKey(name.substring(0, slash), name.substring(slash + 1));
  }
}
