/**
 * The event-driven heart: a Kafka Streams topology that turns documents into contexts and KV states
 * in state stores. The public API lives here, everything else in {@code internals}.
 */
@NullMarked
package io.gibbon.topology;

import org.jspecify.annotations.NullMarked;
