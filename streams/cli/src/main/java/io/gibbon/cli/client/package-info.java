/** A client of the HTTP interface, for the commands that talk to a running server. */
@NullMarked
package io.gibbon.cli.client;

import org.jspecify.annotations.NullMarked;
