/** KV states: their layout, their memory and their pages. */
@NullMarked
package io.gibbon.runtime.kv;

import org.jspecify.annotations.NullMarked;
