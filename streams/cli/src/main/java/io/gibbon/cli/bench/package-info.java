/** Figures that need the whole of Gibbon, not just the runtime. */
@NullMarked
package io.gibbon.cli.bench;

import org.jspecify.annotations.NullMarked;
