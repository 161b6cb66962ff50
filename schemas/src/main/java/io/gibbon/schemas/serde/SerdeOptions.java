package io.gibbon.schemas.serde;

import org.jspecify.annotations.Nullable;

/**
 * How a {@link RecordSerde} works.
 *
 * @param format what is written
 * @param registry reads, and under {@link RecordFormat#AVRO} writes, registry wire format; null
 *     without a schema registry
 * @param limits how large a record may be
 */
public record SerdeOptions(
    RecordFormat format, @Nullable SchemaRegistryClient registry, Limits limits) {

  /** Avro single-object encoding, no registry, default limits. */
  public static final SerdeOptions DEFAULT =
      new SerdeOptions(RecordFormat.AVRO, null, Limits.DEFAULT);

  /** The same with another format. */
  public SerdeOptions withFormat(RecordFormat other) {
    return new SerdeOptions(other, registry, limits);
  }

  /** The same with a schema registry. */
  public SerdeOptions withRegistry(@Nullable SchemaRegistryClient other) {
    return new SerdeOptions(format, other, limits);
  }

  /** The same with other limits. */
  public SerdeOptions withLimits(Limits other) {
    return new SerdeOptions(format, registry, other);
  }
}
