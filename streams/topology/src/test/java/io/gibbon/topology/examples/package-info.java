/** How a Kafka Streams application takes our topology in. */
package io.gibbon.topology.examples;
