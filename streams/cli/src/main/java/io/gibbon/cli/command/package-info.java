/**
 * The subcommands of {@code gibbon}; each only reads its arguments and calls what does the work.
 */
@NullMarked
package io.gibbon.cli.command;

import org.jspecify.annotations.NullMarked;
