/** The search index: Lucene as a Kafka Streams state store, and how contexts are searched in it. */
@NullMarked
package io.gibbon.topology.internals.index;

import org.jspecify.annotations.NullMarked;
