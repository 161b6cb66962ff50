package io.gibbon.schemas.serde;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;

/**
 * Avro's binary encoding of one kind of record. Reads what any resolvable schema wrote.
 * Thread-safe.
 *
 * @param <T> generated class of the record
 */
final class AvroCodec<T extends SpecificRecord> {

  private static final int MAX_READERS = 1_000;

  private final Schema schema;
  private final SpecificDatumWriter<T> writer;
  private final WriterSchemas released;
  private final Map<Schema, DatumReader<T>> readers = new ConcurrentHashMap<>();

  AvroCodec(Schema schema) {
    this(schema, WriterSchemas.of(schema));
  }

  AvroCodec(Schema schema, WriterSchemas released) {
    this.schema = schema;
    this.released = released;
    this.writer = new SpecificDatumWriter<>(schema, GibbonData.INSTANCE);
  }

  /** The schema that is written. */
  Schema schema() {
    return schema;
  }

  /** The header, then the record. */
  byte[] write(byte[] header, T record) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(header);
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    try {
      writer.write(record, encoder);
      encoder.flush();
    } catch (AvroRuntimeException | ClassCastException | NullPointerException e) {
      throw InvalidRecordException.of("not a whole " + schema.getName() + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory failed", e);
    }
    return out.toByteArray();
  }

  /**
   * Reads single-object encoding of any released schema.
   *
   * @throws InvalidRecordException if the bytes are not such a record
   */
  T readSingleObject(byte[] bytes) {
    if (bytes.length < Framing.SINGLE_OBJECT_HEADER) {
      throw InvalidRecordException.of("Avro single-object encoding cut off in its header");
    }
    long fingerprint = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(2);
    Schema written = released.find(fingerprint);
    if (written == null) {
      throw InvalidRecordException.of(
          "Avro schema with fingerprint %016x is not one that %s was ever released with"
              .formatted(fingerprint, schema.getName()));
    }
    return read(written, bytes, Framing.SINGLE_OBJECT_HEADER);
  }

  /**
   * Reads a record that ends where the bytes end.
   *
   * @param written the schema it was written with
   * @throws InvalidRecordException if the bytes are not such a record, or it cannot become ours
   */
  T read(Schema written, byte[] bytes, int offset) {
    return whole(reader(written), bytes, offset);
  }

  /**
   * Reads a lone string or integer that ends where the bytes end, as text.
   *
   * @throws InvalidRecordException if the bytes are not that
   */
  String readScalar(Schema written, byte[] bytes, int offset) {
    return whole(new GenericDatumReader<>(written), bytes, offset).toString();
  }

  private <R> R whole(DatumReader<R> reader, byte[] bytes, int offset) {
    BoundedDecoder decoder = new BoundedDecoder(bytes, offset);
    R record;
    try {
      record = reader.read(null, decoder);
    } catch (InvalidRecordException e) {
      throw e;
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw InvalidRecordException.of(
          "not an Avro %s: %s".formatted(schema.getName(), e.getMessage()), e);
    }
    if (decoder.remainingBytes() > 0) {
      throw InvalidRecordException.of(
          "%,d bytes behind the end of the Avro %s"
              .formatted(decoder.remainingBytes(), schema.getName()));
    }
    return record;
  }

  private DatumReader<T> reader(Schema written) {
    if (readers.size() > MAX_READERS) {
      readers.clear();
    }
    return readers.computeIfAbsent(
        written, s -> new SpecificDatumReader<>(s, schema, GibbonData.INSTANCE));
  }
}
