/** From logits to tokens. */
@NullMarked
package io.gibbon.runtime.sampling;

import org.jspecify.annotations.NullMarked;
