/** Files and streams to documents. */
@NullMarked
package io.gibbon.cli.ingest;

import org.jspecify.annotations.NullMarked;
