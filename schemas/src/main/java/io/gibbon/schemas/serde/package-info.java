/**
 * How records become bytes and come back: Avro single-object encoding, the wire format of a schema
 * registry, and JSON. {@link io.gibbon.schemas.serde.RecordSerde} is the way in.
 *
 * <p>All bytes are untrusted: no length found in them is believed, and everything that is refused
 * is refused with an {@link io.gibbon.schemas.serde.InvalidRecordException} that names the field.
 */
@NullMarked
package io.gibbon.schemas.serde;

import org.jspecify.annotations.NullMarked;
