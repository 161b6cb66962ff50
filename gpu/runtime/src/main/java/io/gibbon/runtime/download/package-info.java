/** Model files: named by people, fetched once, whole or not at all. */
@NullMarked
package io.gibbon.runtime.download;

import org.jspecify.annotations.NullMarked;
