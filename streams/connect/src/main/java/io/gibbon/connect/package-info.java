/**
 * The Kafka Connect plugin: {@link io.gibbon.connect.ToDocument} turns the records of any source
 * connector into documents, {@link io.gibbon.connect.DocumentConverter} writes them as Avro.
 */
@NullMarked
package io.gibbon.connect;

import org.jspecify.annotations.NullMarked;
