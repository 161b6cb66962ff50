/**
 * Continuous batching: one thread steps all answers and all encodings through the model together.
 */
@NullMarked
package io.gibbon.runtime.schedule;

import org.jspecify.annotations.NullMarked;
