/**
 * How fast the runtime is, in figures that a user feels: tokens encoded a second, tokens written a
 * second, time to the first token; beside them what the machine could do at best. JMH benchmarks of
 * single kernels are in {@code jmh}.
 */
@NullMarked
package io.gibbon.bench;

import org.jspecify.annotations.NullMarked;
