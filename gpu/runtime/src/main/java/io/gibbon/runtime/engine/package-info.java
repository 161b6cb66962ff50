/** The forward pass and APE attention over KV states, behind the backend seam. */
@NullMarked
package io.gibbon.runtime.engine;

import org.jspecify.annotations.NullMarked;
