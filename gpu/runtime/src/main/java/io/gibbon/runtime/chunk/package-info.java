/** Documents cut into contexts that the model can encode one by one. */
@NullMarked
package io.gibbon.runtime.chunk;

import org.jspecify.annotations.NullMarked;
