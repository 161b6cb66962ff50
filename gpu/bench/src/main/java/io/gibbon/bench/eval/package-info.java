/**
 * How good answers over encoded contexts are: questions with known answers, asked in several modes
 * side by side over the same items. Metrics as SQuAD defines them, with paired intervals.
 */
@NullMarked
package io.gibbon.bench.eval;

import org.jspecify.annotations.NullMarked;
