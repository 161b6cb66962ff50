/** The model runtime on an accelerator, by TornadoVM. */
@NullMarked
package io.gibbon.tornado;

import org.jspecify.annotations.NullMarked;
