/** Checks of the machine and of what Gibbon needs around it. */
@NullMarked
package io.gibbon.cli.doctor;

import org.jspecify.annotations.NullMarked;
