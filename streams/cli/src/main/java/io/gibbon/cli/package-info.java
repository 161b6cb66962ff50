/**
 * One command, {@code gibbon}: wires the broker, the runtime, the topology and the server together.
 */
@NullMarked
package io.gibbon.cli;

import org.jspecify.annotations.NullMarked;
