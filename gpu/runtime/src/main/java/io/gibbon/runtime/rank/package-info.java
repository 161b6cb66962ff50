/**
 * Which contexts a question is about, read from their cached KV states: by the question's
 * likelihood given each of them, and by the attention of single heads.
 */
@NullMarked
package io.gibbon.runtime.rank;

import org.jspecify.annotations.NullMarked;
