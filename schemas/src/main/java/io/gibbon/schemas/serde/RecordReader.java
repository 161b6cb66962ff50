package io.gibbon.schemas.serde;

import java.nio.CharBuffer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/** The reading half of {@link RecordSerde}. */
final class RecordReader<T extends SpecificRecord> implements Deserializer<T> {

  private final AvroCodec<T> codec;
  private final @Nullable SchemaRegistryClient registry;
  private final Limits limits;

  RecordReader(AvroCodec<T> codec, SerdeOptions options) {
    this.codec = codec;
    this.registry = options.registry();
    this.limits = options.limits();
  }

  @Override
  public @Nullable T deserialize(String topic, byte @Nullable [] bytes) {
    if (bytes == null) {
      return null;
    }
    if (bytes.length > limits.maxBytes()) {
      throw InvalidRecordException.of(
          "a record of %,d bytes, the limit is %,d".formatted(bytes.length, limits.maxBytes()));
    }
    T record =
        switch (Framing.of(bytes)) {
          case SINGLE_OBJECT -> codec.readSingleObject(bytes);
          case REGISTRY -> registered(bytes);
          case JSON_OBJECT -> json(bytes, 0);
          case JSON_STRING, TEXT ->
              throw InvalidRecordException.of(
                  "a %s is an Avro record or a JSON object, these bytes are neither"
                      .formatted(codec.schema().getName()));
        };
    if (record != null) {
      StringCheck.check(record, limits.maxTextLength());
    }
    return record;
  }

  private @Nullable T registered(byte[] bytes) {
    RegisteredSchema written = Framing.registered(bytes, registry);
    return switch (written.type()) {
      case AVRO -> codec.read(written.avro(), bytes, Framing.REGISTRY_HEADER);
      case JSON -> json(bytes, Framing.REGISTRY_HEADER);
    };
  }

  @SuppressWarnings("unchecked")
  private @Nullable T json(byte[] bytes, int offset) {
    CharBuffer text = Utf8Text.decode(bytes, offset, bytes.length - offset);
    return (T) JsonRecordReader.read(codec.schema(), text);
  }
}
