package io.gibbon.schemas.serde;

import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Kafka serde of one kind of record. Writes as {@link SerdeOptions} say; reads Avro single-object
 * encoding of every released schema, registry wire format where a registry is configured, plain
 * JSON and Connect's JSON with schema envelope, told apart by their first bytes. Null, Kafka's
 * tombstone, stays null. Thread-safe.
 *
 * <p>Reading throws {@link InvalidRecordException} for bytes that will never be a record, and
 * {@link RegistryUnavailableException} where trying again later may help; so does writing.
 *
 * @param <T> generated class of the record
 */
public final class RecordSerde<T extends SpecificRecord> implements Serde<T> {

  private final RecordReader<T> reader;
  private final RecordWriter<T> writer;

  private RecordSerde(Schema schema, SerdeOptions options) {
    AvroCodec<T> codec = new AvroCodec<>(schema);
    this.reader = new RecordReader<>(codec, options);
    this.writer = new RecordWriter<>(codec, options);
  }

  /** Writes Avro single-object encoding, with default limits and without a registry. */
  public static <T extends SpecificRecord> RecordSerde<T> of(Class<T> type) {
    return of(type, SerdeOptions.DEFAULT);
  }

  /** As the options say. */
  public static <T extends SpecificRecord> RecordSerde<T> of(Class<T> type, SerdeOptions options) {
    return new RecordSerde<>(GibbonData.INSTANCE.getSchema(type), options);
  }

  @Override
  public Serializer<T> serializer() {
    return writer;
  }

  @Override
  public Deserializer<T> deserializer() {
    return reader;
  }
}
