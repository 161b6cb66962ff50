package io.gibbon.schemas.serde;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/** The writing half of {@link RecordSerde}. */
final class RecordWriter<T extends SpecificRecord> implements Serializer<T> {

  private final AvroCodec<T> codec;
  private final SerdeOptions options;
  private final byte[] singleObjectHeader;

  RecordWriter(AvroCodec<T> codec, SerdeOptions options) {
    this.codec = codec;
    this.options = options;
    this.singleObjectHeader =
        ByteBuffer.allocate(Framing.SINGLE_OBJECT_HEADER)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(Framing.SINGLE_OBJECT_MAGIC)
            .putLong(WriterSchemas.fingerprint(codec.schema()))
            .array();
  }

  @Override
  public byte @Nullable [] serialize(String topic, @Nullable T record) {
    if (record == null) {
      return null;
    }
    StringCheck.check(record, options.limits().maxTextLength());
    return switch (options.format()) {
      case AVRO -> codec.write(header(topic), record);
      case JSON -> JsonRecordWriter.write(record);
    };
  }

  private byte[] header(String topic) {
    SchemaRegistryClient registry = options.registry();
    if (registry == null) {
      return singleObjectHeader;
    }
    return ByteBuffer.allocate(Framing.REGISTRY_HEADER)
        .put(Framing.REGISTRY_MAGIC)
        .putInt(registry.register(topic + "-value", codec.schema()))
        .array();
  }
}
