/**
 * Arithmetic on the CPU: packed weights, the primitive operations behind {@link
 * io.gibbon.runtime.kernel.Kernels}, and the threads that run them.
 */
@NullMarked
package io.gibbon.runtime.kernel;

import org.jspecify.annotations.NullMarked;
