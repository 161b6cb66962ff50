/**
 * How the topology works: what reads the documents ({@link
 * io.gibbon.topology.internals.IdentifyProcessor}), what keeps and encodes them ({@link
 * io.gibbon.topology.internals.EncodeProcessor}), and what reads the stores for queries.
 */
@NullMarked
package io.gibbon.topology.internals;

import org.jspecify.annotations.NullMarked;
