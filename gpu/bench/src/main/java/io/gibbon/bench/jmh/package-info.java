/** JMH benchmarks of the engine's kernels, in the shapes of the default model. */
@NullMarked
package io.gibbon.bench.jmh;

import org.jspecify.annotations.NullMarked;
