/**
 * The contracts: records generated from the Avro schemas beside this package, and how documents are
 * named.
 */
@NullMarked
package io.gibbon.schemas;

import org.jspecify.annotations.NullMarked;
