/** Agreement with an independent reference. */
@NullMarked
package io.gibbon.runtime.numerics;

import org.jspecify.annotations.NullMarked;
